//! What the checker says, in Russian. Findings are made in English; a table turns the sentence into the Russian one and
//! carries its values over. A sentence that is not in the table stays as it is, and a test asks for every one that the
//! mutants of the shipped flows bring about.
use super::finding::Finding;
use crate::phrasebook::{Sentences, translate};

/// The finding in Russian: its message and its way out.
pub fn finding(finding: &Finding) -> Finding {
    Finding { message: sentence(&finding.message), help: sentence(&finding.help), ..finding.clone() }
}

/// The Russian sentence, or the English one when the table has none.
pub fn sentence(text: &str) -> String {
    translate(text, SENTENCES, word).unwrap_or_else(|| text.to_string())
}

/// A value that is a word of ours and not of the file.
fn word(value: &str) -> String {
    let known = WORDS.iter().find(|(english, _)| *english == value);
    known.map_or(value.to_string(), |(_, russian)| russian.to_string())
}

const WORDS: &[(&str, &str)] = &[
    ("nothing", "ничего"),
    ("a list", "список"),
    ("a mapping", "блок «ключ: значение»"),
    ("a text", "текст"),
    ("true or false", "true или false"),
    ("a whole number", "целое число"),
    ("a whole number, not negative", "целое число не меньше нуля"),
    ("a whole number from 0 to 255", "целое число от 0 до 255"),
    ("a whole number from 0 to 65535", "целое число от 0 до 65535"),
    ("a number", "число"),
    ("the name of a prompt", "имя фразы"),
    ("the name of a flow", "имя сценария"),
    ("the name of a step", "имя шага"),
    ("the name of a topic", "название темы"),
    ("a time zone", "часовой пояс"),
    ("an address with a port", "адрес с портом"),
    ("a range of ports", "диапазон портов"),
    ("opening hours", "часы работы"),
    ("a date", "дата"),
    ("key ", "ключ "),
];

const SENTENCES: Sentences = &[
    // Ways out that are the same everywhere.
    ("did you mean `§`?", "возможно, `§`?"),
    (
        "did you mean `§`? Else add it to prompts.yaml",
        "возможно, `§`? Если нет, добавьте фразу в prompts.yaml",
    ),
    ("nothing of the kind is defined here", "здесь ничего такого не задано"),
    ("known here: §, and § more", "здесь есть: § и ещё §"),
    ("known here: §", "здесь есть: §"),
    ("the default is §: a caller is waiting", "по умолчанию §: человек ждёт"),
    ("the default is §", "по умолчанию §"),
    ("its default here is `§`", "здесь по умолчанию `§`"),
    // The file and its YAML.
    ("cannot be read: §", "файл не читается: §"),
    (
        "the user who runs this needs the right to read it",
        "дайте право на чтение тому, кто запускает программу",
    ),
    ("the file has § bytes; expected at most §", "в файле § байт, можно не больше §"),
    ("split it: one flow per file", "разделите его: один сценарий — один файл"),
    ("the file is empty", "файл пуст"),
    ("write its content, or delete the file", "заполните файл или удалите его"),
    ("a second document begins here", "здесь начинается второй документ"),
    ("remove the `---`; one file is one document", "уберите `---`: один файл — один документ"),
    (
        "the file grows beyond the limits here: too many nodes, levels or repeated aliases",
        "здесь файл превышает пределы: слишком много узлов, уровней или повторов по ссылкам",
    ),
    (
        "write repeated parts out instead of nesting aliases, or split the file",
        "выпишите повторы вместо вложенных ссылок или разделите файл",
    ),
    (
        "`*` without quotes refers to a YAML anchor, and there is none of this name",
        "`*` без кавычек — ссылка на якорь YAML, а якоря с таким именем нет",
    ),
    ("`*` without quotes refers to a YAML anchor", "`*` без кавычек — ссылка на якорь YAML"),
    (
        "for the telephone's key write `star`, or quote it: \"*\"",
        "клавишу телефона пишут `star` или в кавычках: \"*\"",
    ),
    (
        "`#` without quotes begins a comment: the rest of the line is not read",
        "`#` без кавычек начинает комментарий: остаток строки не читается",
    ),
    (
        "for the telephone's key write `hash`, or quote it: \"#\"",
        "клавишу телефона пишут `hash` или в кавычках: \"#\"",
    ),
    (
        "`{{` without quotes begins a nested mapping, not a template",
        "`{{` без кавычек начинает вложенный блок, а не шаблон",
    ),
    ("put the whole value in double quotes: §", "возьмите всё значение в двойные кавычки: §"),
    ("merge keys (`<<`) are not used here", "слияние ключей (`<<`) здесь не применяется"),
    ("write the keys out", "выпишите ключи"),
    ("the text ends too early", "текст обрывается"),
    ("close the open bracket or quote", "закройте скобку или кавычку"),
    ("the file is nested deeper than § levels", "вложенность больше § уровней"),
    (
        "no file of this kind needs so many levels; check the brackets",
        "столько уровней не нужно ни одному файлу: проверьте скобки",
    ),
    ("this is not valid YAML: §", "это не YAML: §"),
    (
        "check brackets, quotes and indentation on this line and the one above",
        "проверьте скобки, кавычки и отступы в этой строке и в той, что над ней",
    ),
    (
        "within brackets a value of the environment is quoted: §",
        "внутри скобок значение из окружения берут в кавычки: §",
    ),
    ("the line is indented with a tab; expected spaces", "отступ сделан табуляцией, нужны пробелы"),
    ("use two spaces per level", "по два пробела на уровень"),
    ("key § is used twice, in two spellings", "клавиша § занята дважды, в двух написаниях"),
    ("digit § is used twice; first at line §", "цифра § занята дважды, впервые в строке §"),
    ("key `§` is used twice; first at line §", "ключ `§` стоит дважды, впервые в строке §"),
    ("key `§` is used twice", "ключ `§` стоит дважды"),
    ("remove or rename one of the two", "уберите или переименуйте один из двух"),
    ("remove one of the two", "уберите один из двух"),
    ("expected a word as key, got §", "ключом должно быть слово, а здесь §"),
    (
        "write `key: value`; a template goes in double quotes",
        "пишите `ключ: значение`; шаблон берут в двойные кавычки",
    ),
    // Keys and values.
    ("unknown key `§`", "нет такого ключа: `§`"),
    ("`§` is not known here", "`§` здесь не бывает"),
    ("key `next` is missing", "нет ключа `next`"),
    ("key `§` is missing", "нет ключа `§`"),
    ("add `next: <step>` beside the variables", "добавьте рядом с переменными `next: <шаг>`"),
    ("add `§:` to this mapping", "добавьте сюда `§:`"),
    ("add `§: <step>`", "добавьте `§: <шаг>`"),
    ("a value is missing", "нет значения"),
    ("give it a value, or take the key out", "впишите значение или уберите ключ"),
    ("expected a single value, got §", "нужно одно значение, а здесь §"),
    ("write a text, a number or a range here", "напишите текст, число или диапазон"),
    ("expected a duration with its unit, got `§`", "нужно время с единицей, а здесь `§`"),
    ("write `§s` or `§ms`", "напишите `§s` (секунды) или `§ms` (миллисекунды)"),
    ("write it like 5s, 1500ms, 2m or 1h", "пишите как 5s, 1500ms, 2m или 1h"),
    ("write `true`", "напишите `true`"),
    ("write `false`", "напишите `false`"),
    ("write `true` or `false`", "напишите `true` или `false`"),
    ("write `§` or `§`", "напишите `§` или `§`"),
    ("write it in brackets: §", "возьмите в квадратные скобки: §"),
    (
        "begin each item with `- `, or put the items in brackets: §",
        "начните каждый пункт с `- ` или возьмите пункты в квадратные скобки: §",
    ),
    ("write § here", "напишите здесь: §"),
    ("change the value to the expected type", "поставьте значение нужного вида"),
    ("see the reference for what may stand here", "что здесь может стоять, сказано в docs/call-flows.md"),
    // Steps and targets.
    (
        "expected a step with its kind as the only key, got §",
        "нужен шаг, у которого один ключ — его вид, а здесь §",
    ),
    ("write it like `play: §`; kinds: §", "пишите как `play: §`; виды шагов: §"),
    ("a step has no `type`: its kind is its key", "у шага нет `type`: его вид — это его ключ"),
    ("write `§: {…}` with the fields inside it", "напишите `§: {…}`, поля внутри"),
    ("the step is empty", "шаг пуст"),
    ("`§` is no kind of step", "нет такого вида шага: `§`"),
    ("a step has one kind, here are two", "у шага один вид, а здесь два"),
    ("make two steps of it", "сделайте из него два шага"),
    ("`§` stands beside the step's kind", "`§` стоит рядом с видом шага"),
    ("fields go inside the kind: §", "поля пишут внутри вида: §"),
    ("no step `§` in this flow", "в этом сценарии нет шага `§`"),
    ("`§` is missing: where does the call go then?", "нет `§`: куда тогда пойдёт звонок?"),
    ("the menu has no `exhausted` way out", "у меню нет выхода `exhausted`"),
    ("the menu has no `§` way out", "у меню нет выхода `§`"),
    (
        "add `exhausted: <step>`, best one that leads to a person",
        "добавьте `exhausted: <шаг>`, лучше всего — к человеку",
    ),
    ("add `§` or `§`", "добавьте `§` или `§`"),
    ("the key § is not quoted", "клавиша § не в кавычках"),
    ("write \"§\"", "напишите \"§\""),
    ("expected a key of the telephone, got `§`", "нужна клавиша телефона, а здесь `§`"),
    ("keys are \"0\" to \"9\", star and hash", "клавиши: от \"0\" до \"9\", star и hash"),
    (
        "`stay` has no meaning here: nobody waits in this flow",
        "`stay` здесь ничего не значит: в этом сценарии никто не ждёт",
    ),
    ("`return` has no meaning in a line", "`return` на линии ничего не значит"),
    (
        "end a line with a `hangup` step; `return` is for sub-flows",
        "линию завершает шаг `hangup`; `return` — для вложенных сценариев",
    ),
    (
        "`§` has no meaning here: nobody waits in this flow",
        "`§` здесь ничего не значит: в этом сценарии никто не ждёт",
    ),
    ("`§` is a reserved target", "`§` — занятое слово"),
    ("choose another name for the step", "назовите шаг иначе"),
    ("the shares add up to § %, expected 100 %", "доли дают в сумме § %, а должны 100 %"),
    ("change the shares of the arms", "поправьте доли ветвей"),
    ("`say` is missing: the caller would hear nothing", "нет `say`: человек ничего не услышит"),
    // Paths.
    ("no path leads to the step `§`", "к шагу `§` не ведёт ни один путь"),
    ("lead some step to it, or delete it", "приведите к нему какой-нибудь шаг или удалите его"),
    ("the call would go round for ever: §", "звонок ходил бы по кругу без конца: §"),
    (
        "lead one of these ways to a person or an end, or to a step where the caller acts",
        "уведите один из этих путей к человеку, к концу или к шагу, где решает звонящий",
    ),
    (
        "from `§` no path leads to a person, a message or a hang-up",
        "от шага `§` нет пути ни к человеку, ни к сообщению, ни к концу разговора",
    ),
    (
        "give the caller a way to a queue, a recording or a hang-up",
        "дайте звонящему путь в очередь, к записи или к концу разговора",
    ),
    ("flows run each other in a circle: §", "сценарии запускают друг друга по кругу: §"),
    (
        "a sub-flow may run others, but not itself; lead back with `return`",
        "вложенный сценарий может запускать другие, но не себя; назад ведёт `return`",
    ),
    // Values.
    ("no step sets the variable `§`", "переменную `§` не задаёт ни один шаг"),
    ("`vars.§` is not set on the path §", "переменная `vars.§` не задана на пути §"),
    (
        "set it on every path to `§`, or lead that path elsewhere",
        "задайте её на каждом пути к `§` или уведите этот путь",
    ),
    ("tried§, this fails: §", "проба§ не удалась: §"),
    (
        "correct the expression; texts need a filter such as `| int` to be counted with",
        "поправьте выражение; чтобы считать с текстом, нужен фильтр, например `| int`",
    ),
    ("the argument is a §, but tried, this gives `§`", "аргумент имеет вид §, а проба даёт `§`"),
    ("a template stands where a bare expression is due", "здесь нужно выражение, а стоит шаблон"),
    ("a bare expression stands where a template is due", "здесь нужен шаблон, а стоит выражение"),
    (
        "write the bare expression without braces: vars.name",
        "напишите выражение без фигурных скобок: vars.name",
    ),
    ("write it in quotes and braces: §", "напишите в кавычках и фигурных скобках: §"),
    ("the expression cannot be read: §", "выражение не читается: §"),
    ("the template cannot be read: §", "шаблон не читается: §"),
    ("write it like §", "пишите как §"),
    ("expected a number of digits, but § is `§`", "нужно число цифр, а § — это `§`"),
    ("expected a number of digits, got `§`", "нужно число цифр, а здесь `§`"),
    (
        "write 8, or 4..20 with the smaller number first, at most 32",
        "пишите 8 или 4..20, меньшее впереди, не больше 32",
    ),
    ("no setting `§` in this file", "в этом файле нет настройки `§`"),
    ("`§` is not a variable", "`§` — не переменная"),
    ("`§` has no `§`", "у `§` нет `§`"),
    ("`§` alone is not a value", "`§` само по себе не значение"),
    (
        "write vars.§ for a variable, settings.§ for a setting, or '§' in quotes for a text",
        "пишите vars.§ для переменной, settings.§ для настройки или '§' в кавычках для текста",
    ),
    // The installation.
    ("no prompt `§` in §", "фразы `§` нет на языке §"),
    (
        "add its text to prompts.yaml and run `hotline prompts build`",
        "добавьте текст в prompts.yaml и выполните `hotline prompts build`",
    ),
    ("the engine needs the prompt `§` in §", "программе нужна фраза `§` на языке §"),
    ("no queue `§` in config.yaml", "в config.yaml нет очереди `§`"),
    ("queue `§` is not defined", "очередь `§` не задана"),
    ("trunk `§` is not defined", "провайдер `§` не задан"),
    ("no operator has the skill `§`", "ни у кого из операторов нет навыка `§`"),
    ("no calendar `§` in config.yaml", "в config.yaml нет календаря `§`"),
    ("no flow `§` in any file", "ни в одном файле нет сценария `§`"),
    ("`§` is a line, not a sub-flow", "`§` — линия, а не вложенный сценарий"),
    ("`§` needs the argument `§`", "сценарию `§` нужен аргумент `§`"),
    ("`§` has no argument `§`", "у сценария `§` нет аргумента `§`"),
    ("the flow name `§` is used twice; first in §", "имя сценария `§` занято дважды, впервые в §"),
    ("give one of the two another name", "назовите один из двух иначе"),
    ("the number § belongs to the line `§` already", "номер § уже принадлежит линии `§`"),
    ("give each line a number of its own", "дайте каждой линии свой номер"),
    (
        "a callback needs an outbound route, and there is none",
        "для обратного звонка нужен исходящий путь, а его нет",
    ),
    (
        "a transfer needs an outbound route, and there is none",
        "для перевода звонка нужен исходящий путь, а его нет",
    ),
    (
        "config.yaml sets `§`, which this flow does not have",
        "config.yaml задаёт `§`, а в этом сценарии такой настройки нет",
    ),
    (
        "config.yaml sets `§` to a value of another type: `§`",
        "config.yaml задаёт для `§` значение другого вида: `§`",
    ),
    (
        "`lines` has settings for `§`, and no flow has this name",
        "в `lines` есть настройки для `§`, а сценария с таким именем нет",
    ),
    ("operator `§` is declared twice; first at line §", "оператор `§` задан дважды, впервые в строке §"),
    ("add `with: §`", "добавьте `with: §`"),
    (
        "give it a §; a text is quoted once more: \"'text'\"",
        "дайте ему значение вида §; текст берут в кавычки ещё раз: \"'text'\"",
    ),
    (
        "name a step; `stay` is for flows that a queue runs as `while_waiting`",
        "назовите шаг; `stay` — для сценариев, которые очередь запускает как `while_waiting`",
    ),
    (
        "run a flow without `entry`; move shared steps into one",
        "запускайте сценарий без `entry`; общие шаги вынесите в такой",
    ),
    (
        "set outbound: {trunk: …, allow: […]} in config.yaml, or lead here only `if: queue.callback`",
        "задайте outbound: {trunk: …, allow: […]} в config.yaml или ведите сюда только при `if: queue.callback`",
    ),
    (
        "set outbound: {trunk: …, allow: […]} in config.yaml, or take the step out",
        "задайте outbound: {trunk: …, allow: […]} в config.yaml или уберите шаг",
    ),
    (
        "take it out, or use the flow as `while_waiting`",
        "уберите или сделайте сценарий сценарием ожидания (`while_waiting`)",
    ),
    ("`say` is empty: the caller would not know what to type", "`say` пуст: человек не узнает, что набирать"),
    ("`say` is empty: there is no notice", "`say` пуст: предупреждать нечем"),
    ("`say` is empty: there is no question", "`say` пуст: вопроса нет"),
    ("a secret is never read back", "секрет никогда не зачитывают"),
    ("take `confirm` out, or `secret`", "уберите `confirm` или `secret`"),
    ("`§` is no HTTP status", "`§` — не код HTTP"),
    ("write 404 or another status", "напишите 404 или другой код"),
    ("`§` is no cause", "нет такой причины: `§`"),
    ("the row has no column `§`", "в строке нет столбца `§`"),
    ("`§` is no kind of item to say", "так сказать нельзя: `§`"),
    (
        "write the name of a prompt, or {money: vars.amount} and the like",
        "напишите имя фразы или {money: vars.amount} и подобное",
    ),
    ("§ cannot be allowed", "§ разрешить нельзя"),
    ("these can be allowed: §", "разрешить можно: §"),
    ("§ is allowed without a reason", "§ разрешено без причины"),
    ("nothing here needs § to be allowed", "здесь § разрешать незачем"),
    ("delete the comment", "удалите комментарий"),
    (
        "names have letters, digits, `_` and `-` only; no expressions",
        "в именах только буквы, цифры, `_` и `-`; выражений не бывает",
    ),
    (
        "write it without `vars.`: lower-case letters, digits and `_`, as in `payment`",
        "пишите без `vars.`: строчные буквы, цифры и `_`, например `payment`",
    ),
    ("expected the name of a variable, got `§`", "нужно имя переменной, а здесь `§`"),
    // The rest of what is expected and came.
    ("expected either `get` or `post`", "нужно либо `get`, либо `post`"),
    ("expected up to § retries, got §", "можно не больше § повторов, а здесь §"),
    ("expected a timeout up to §, got §", "время ожидания — до §, а здесь §"),
    ("expected §, got `§`", "ожидалось: §; здесь `§`"),
    ("expected §, got §", "ожидалось: §; здесь: §"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_keeps_its_values_and_a_stranger_stays_as_it_is() {
        assert_eq!(sentence("no step `x y` in this flow"), "в этом сценарии нет шага `x y`");
        assert_eq!(sentence("expected a list, got `5060`"), "ожидалось: список; здесь `5060`");
        assert_eq!(sentence("known here: a, b, and 3 more"), "здесь есть: a, b и ещё 3");
        assert_eq!(sentence("something new"), "something new");
    }

    #[test]
    fn each_sentence_has_as_many_values_in_both_languages_and_none_hides_behind_another() {
        assert_eq!(crate::phrasebook::faults(SENTENCES), [""; 0]);
    }
}
