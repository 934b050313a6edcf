//! The stable codes of findings, each with the paragraph that `hotline check --explain CODE` prints, in English and in
//! Russian.
use crate::say::Language;

/// What a code means and what to do about it.
pub fn explain(code: &str, language: Language) -> Option<&'static str> {
    explain_in(CODES, code, language)
}

/// The same from another table of codes.
pub fn explain_in(
    codes: &[(&str, &'static str, &'static str)],
    code: &str,
    language: Language,
) -> Option<&'static str> {
    let (_, english, russian) = codes.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code))?;
    Some(match language {
        Language::En => *english,
        Language::Ru => *russian,
    })
}

/// The code, the English paragraph and the Russian one.
pub const CODES: &[(&str, &str, &str)] = &[
    // The file as text and as YAML
    (
        "HF000",
        "The file or folder could not be read. The message has the operating system's reason: check that it exists and that the server's user may read it.",
        "Файл или папка не читается. Причина, которую назвала операционная система, стоит в сообщении: проверьте, что файл есть и что у пользователя, под которым работает сервер, есть право на чтение.",
    ),
    (
        "HF001",
        "The text is not valid YAML. Common reasons: a bracket or quote that is not closed, an indentation that jumps, a `: ` inside an unquoted text. Quote texts that contain punctuation.",
        "Текст — не YAML. Частые причины: незакрытая скобка или кавычка, сбитый отступ, `: ` внутри текста без кавычек. Тексты со знаками препинания берите в кавычки.",
    ),
    (
        "HF002",
        "A line is indented with a tab. YAML allows only spaces there; what a tab looks like depends on the editor, so the structure would depend on it too. Use two spaces per level.",
        "Отступ сделан табуляцией. YAML допускает здесь только пробелы: ширина табуляции зависит от редактора, и от него же зависело бы строение файла. Ставьте по два пробела на уровень.",
    ),
    (
        "HF003",
        "`*` and `#` mean something to YAML when they are not quoted: `*` refers to an anchor, `#` begins a comment and hides the rest of the line. Write the telephone keys as `star` and `hash`, or quote them: \"*\", \"#\".",
        "`*` и `#` без кавычек YAML понимает по-своему: `*` — ссылка на якорь, `#` начинает комментарий и скрывает остаток строки. Пишите клавиши телефона как `star` и `hash` или берите их в кавычки: \"*\", \"#\".",
    ),
    (
        "HF004",
        "A key stands twice in one mapping. Plain YAML would silently keep one of the two; here both are shown. Remove or rename one of them.",
        "Ключ стоит в одном блоке дважды. Обычный YAML молча оставил бы одно из двух, здесь показаны оба. Уберите или переименуйте один из них.",
    ),
    (
        "HF005",
        "`{{` without quotes begins a nested mapping in YAML, not a template. Put the whole value in double quotes: \"https://host/{{ vars.id }}\".",
        "`{{` без кавычек для YAML — начало вложенного блока, а не шаблон. Возьмите всё значение в двойные кавычки: \"https://host/{{ vars.id }}\".",
    ),
    (
        "HF006",
        "A value has another type than the key needs: a text where a list is due, a word where a number is due. `no`, `yes`, `on`, `off`, `y` and `0123` are texts and never change their type; a switch is written `true` or `false`.",
        "Значение не того вида, какой нужен ключу: текст вместо списка, слово вместо числа. `no`, `yes`, `on`, `off`, `y` и `0123` — это тексты и ничем другим не становятся; да и нет пишут как `true` и `false`.",
    ),
    (
        "HF007",
        "The file is larger, more deeply nested, or expands its aliases further than a hand-written file ever does. The limits guard the server against a file made to exhaust its memory. Split the file or write the repeated parts out.",
        "Файл больше, вложен глубже или разрастается по ссылкам сильнее, чем бывает у написанного руками. Эти пределы берегут сервер от файла, который должен исчерпать его память. Разделите файл или выпишите повторы.",
    ),
    (
        "HF008",
        "The file has no content. A flow file needs at least `flow:` and `steps:`. Delete the file if it is not used.",
        "В файле ничего нет. Файлу сценария нужны по меньшей мере `flow:` и `steps:`. Если файл не нужен, удалите его.",
    ),
    (
        "HF009",
        "A key is not known in this place. Unknown keys are errors, because a misspelt key would silently do nothing. The help names the nearest known key.",
        "Такого ключа здесь не бывает. Неизвестный ключ — ошибка, потому что ключ с опечаткой молча ничего бы не делал. Подсказка называет самый похожий из известных.",
    ),
    (
        "HF010",
        "A key that has no default is missing. The message names it; the reference in docs/call-flows.md has its meaning.",
        "Нет обязательного ключа: значения по умолчанию у него не бывает. Какого именно, сказано в сообщении; что он значит — в docs/call-flows.md.",
    ),
    (
        "HF011",
        "A word is not one of the words allowed in this place.",
        "Здесь может стоять одно из нескольких слов, и этого среди них нет.",
    ),
    (
        "HF012",
        "A duration has no unit, or one that is not known. Write `5s`, `1500ms`, `2m` or `1h`: a bare number says nothing about seconds or milliseconds.",
        "У времени нет единицы, или такой единицы не бывает. Пишите `5s`, `1500ms`, `2m` или `1h`: по одному числу не понять, секунды это или миллисекунды.",
    ),
    (
        "HF013",
        "A range of digits is written `4..20`: the smaller number first, both included, at most 32.",
        "Сколько цифр ждать, пишут как `4..20`: меньшее впереди, оба числа входят, не больше 32.",
    ),
    (
        "HF014",
        "The keys of a menu are \"0\" to \"9\", `star` and `hash`. Digits are quoted, because YAML takes an unquoted 1 for a number and not for a key of the telephone.",
        "Клавиши меню — от \"0\" до \"9\", `star` и `hash`. Цифры берут в кавычки: 1 без кавычек для YAML — число, а не клавиша телефона.",
    ),
    (
        "HF015",
        "A value is outside the limits of its key, or not in the form its key needs.",
        "Значение выходит за пределы, которые есть у ключа, или записано не так, как ключу нужно.",
    ),
    (
        "HF016",
        "A file has one document. Remove the `---` lines and put other flows into files of their own.",
        "Один файл — один документ. Уберите строки `---`, а другие сценарии перенесите в свои файлы.",
    ),
    // The shape of a flow
    (
        "HF020",
        "A step's kind is its only key, as in `main: {menu: {…}}`. `type: menu` is not used here, and neither are two kinds in one step.",
        "У шага один ключ — его вид: `main: {menu: {…}}`. Записи `type: menu` здесь нет, и двух видов в одном шаге тоже не бывает.",
    ),
    (
        "HF021",
        "A kind of step or of `say` item that does not exist. The help names the nearest one or all of them.",
        "Такого вида шага или пункта `say` нет. Подсказка называет самый похожий или перечисляет все.",
    ),
    (
        "HF022",
        "A target names a step that this flow does not have. Targets are steps of the same file, or `repeat`, `stay`, `return`. To go to another flow use a `run` step.",
        "Переход ведёт к шагу, которого в этом сценарии нет. Вести можно к шагу того же файла или к `repeat`, `stay`, `return`. В другой сценарий ведёт шаг `run`.",
    ),
    (
        "HF023",
        "This kind of step is part of the language but not supported by this version yet.",
        "Такой вид шага в языке есть, но эта версия программы его ещё не умеет.",
    ),
    (
        "HF024",
        "Two files have the same flow name. A flow's name is how lines, queues and `run` steps refer to it, so it must be unique.",
        "У сценариев в двух файлах одно имя. По имени сценарий находят линии, очереди и шаги `run`, поэтому двух одинаковых быть не может.",
    ),
    (
        "HF025",
        "Two lines have the same number. A call to it could only go to one of them. Spellings do not matter: 8-800-… and +7800… are the same number.",
        "У двух линий один номер. Звонок на него мог бы попасть только на одну из них. Как номер записан, не важно: 8-800-… и +7800… — это один номер.",
    ),
    (
        "HF026",
        "A step's name is reserved: `repeat`, `stay` and `return` are targets of their own. Choose another name.",
        "Имя шага занято: `repeat`, `stay` и `return` уже означают особые переходы. Назовите шаг иначе.",
    ),
    (
        "HF027",
        "`return` comes back to the flow that ran this one, so it has no meaning in a line (a file with `entry`). End a line with `hangup`.",
        "`return` возвращает в сценарий, который запустил этот, поэтому на линии (в файле с `entry`) он ничего не значит. Линию завершает шаг `hangup`.",
    ),
    (
        "HF028",
        "`stay` keeps a caller in the queue. It has a meaning only in a flow that some queue uses as `while_waiting`.",
        "`stay` оставляет звонящего в очереди. Он имеет смысл только в сценарии, который какая-нибудь очередь запускает как `while_waiting`.",
    ),
    (
        "HF029",
        "A flow runs itself, directly or through others. Sub-flows may nest but not recur: a call could otherwise never end.",
        "Сценарий запускает сам себя, прямо или через другие. Вложенные сценарии могут запускать друг друга, но не по кругу: иначе звонок мог бы никогда не кончиться.",
    ),
    // The graph
    (
        "HF030",
        "A menu needs all three ways out: `invalid` (a key it does not have), `timeout` (nothing pressed) and `exhausted` (after `repeat` attempts). A caller who cannot press keys must get somewhere too.",
        "Меню нужны все три выхода: `invalid` (такой клавиши в меню нет), `timeout` (ничего не нажато) и `exhausted` (попытки, сколько их задано в `repeat`, кончились). Кто не может нажимать клавиши, тоже должен куда-то попасть.",
    ),
    (
        "HF031",
        "A step that can fail needs its failure edge: `http` and `ticket` have `on_error`, `lookup` has `not_found` and `on_error`, `record`, `collect` and `transfer` have `failed`. Services do fail, and the caller must hear something then.",
        "Шагу, который может не удаться, нужен выход на этот случай: у `http` и `ticket` это `on_error`, у `lookup` — `not_found` и `on_error`, у `record`, `collect` и `transfer` — `failed`. Службы и правда отказывают, и звонящий должен тогда что-то услышать.",
    ),
    (
        "HF032",
        "Steps lead into each other in a circle without any act of the caller and without a bound: the call would run for ever. Break the circle with a menu, a collect, or an end. The `exhausted`, `failed`, `on_error` and queue exits count as no act.",
        "Шаги ведут друг к другу по кругу, без участия звонящего и без предела: звонок шёл бы вечно. Разорвите круг шагом `menu` или `collect` или концом разговора. Выходы `exhausted`, `failed`, `on_error` и выходы из очереди участием не считаются.",
    ),
    (
        "HF033",
        "No path from the flow's start leads to this step. It is either left over or some target is misspelt.",
        "От начала сценария к этому шагу не ведёт ни один путь. Либо шаг уже не нужен, либо в каком-то переходе опечатка.",
    ),
    (
        "HF034",
        "From this step no path leads to a person, a message or a hang-up: the caller can only go round until he gives up. Give him a way to a queue, a recording or an end.",
        "От этого шага нет пути ни к человеку, ни к сообщению, ни к концу разговора: звонящий будет ходить по кругу, пока не бросит трубку. Дайте ему путь в очередь, к записи или к концу разговора.",
    ),
    // Values
    (
        "HF040",
        "A variable is read on some path before any step has set it. The message names a path. Set it on every path, or take the failure edge to a step that does not need it.",
        "На каком-то пути переменную читают раньше, чем её задал хоть один шаг. Путь назван в сообщении. Задайте её на каждом пути или ведите выход на случай сбоя к шагу, которому она не нужна.",
    ),
    (
        "HF041",
        "A setting is read that the file does not declare. Declare it with its default under `settings:` of this file; installations then set it in config.yaml under `lines.<flow>.settings`.",
        "Сценарий читает настройку, которой в файле нет. Объявите её со значением по умолчанию в `settings:` этого файла; своё значение потом задают в config.yaml, в `lines.<сценарий>.settings`.",
    ),
    (
        "HF042",
        "An expression cannot be read. Bare expressions are in Jinja's language: `vars.amount`, `caller.class == \"priority\"`, `vars.tries + 1`. Constant texts inside them are quoted once more: \"'yes'\".",
        "Выражение не читается. Выражения пишут на языке Jinja: `vars.amount`, `caller.class == \"priority\"`, `vars.tries + 1`. Готовый текст внутри берут в кавычки ещё раз: \"'yes'\".",
    ),
    (
        "HF043",
        "Three kinds of value are never mixed: bare expressions (`vars.x`), quoted templates (\"text {{ vars.x }}\"), and plain names (targets, prompts, queues). The table in docs/call-flows.md says which key takes which.",
        "Есть три вида значений, и смешивать их нельзя: выражения (`vars.x`), шаблоны в кавычках (\"text {{ vars.x }}\") и просто имена (шагов, фраз, очередей). Какому ключу что нужно, сказано в таблице в docs/call-flows.md.",
    ),
    (
        "HF044",
        "The expression was tried on a sample of values and failed. It would fail for a caller too and take the step's failure edge.",
        "Выражение попробовали на нескольких значениях, и оно не сработало. При звонке было бы то же, и он пошёл бы по выходу шага на случай сбоя.",
    ),
    (
        "HF045",
        "A setting in config.yaml does not fit the flow: the flow has no such setting, or its default has another type.",
        "Настройка в config.yaml не подходит сценарию: такой в нём нет или её значение по умолчанию другого вида.",
    ),
    (
        "HF046",
        "A name is not one of the variables: call.*, caller.{number,verified,class,name}, now.*, queue.{position,wait}, vars.*, settings.*.",
        "Это не переменная. Бывают call.*, caller.{number,verified,class,name}, now.*, queue.{position,wait}, vars.*, settings.*.",
    ),
    // What the installation has
    (
        "HF050",
        "A queue is not declared in config.yaml under `queues:`. A call sent there would never reach anybody.",
        "Очередь не задана в config.yaml, в `queues:`. Звонок, который туда отправят, ни к кому не попадёт.",
    ),
    (
        "HF051",
        "A skill is asked for that no operator in config.yaml has. Such a call would leave its queue at once.",
        "Нужен навык, которого нет ни у кого из операторов в config.yaml. Такой звонок сразу вышел бы из очереди.",
    ),
    (
        "HF052",
        "A calendar is not declared in config.yaml under `calendars:`.",
        "Календарь не задан в config.yaml, в `calendars:`.",
    ),
    (
        "HF053",
        "A `run` or `while_waiting` names a flow that is in none of the files.",
        "`run` или `while_waiting` называет сценарий, которого нет ни в одном файле.",
    ),
    (
        "HF054",
        "A sub-flow is run with other arguments than it declares under `args:`. All of them must be given, and no others.",
        "Вложенному сценарию передают не те аргументы, которые он объявил в `args:`. Нужны все они и никаких других.",
    ),
    (
        "HF055",
        "A prompt is missing in one of the languages. Add its text to prompts.yaml and run `hotline prompts build`, or record it as prompts/<language>/<id>.wav.",
        "Фразы нет на одном из языков. Добавьте её текст в prompts.yaml и выполните `hotline prompts build` или запишите её в prompts/<язык>/<имя>.wav.",
    ),
    (
        "HF056",
        "The flow dials out, but config.yaml has no outbound route (`outbound: {trunk, allow}`). Nothing is dialled that is not allowed there.",
        "Сценарий звонит наружу, а исходящего пути в config.yaml нет (`outbound: {trunk, allow}`). Набирается только то, что там разрешено.",
    ),
    (
        "HF057",
        "A line (a file with `entry`) cannot be run as a sub-flow: its steps end the call instead of returning.",
        "Линию (файл с `entry`) нельзя запустить как вложенный сценарий: её шаги завершают звонок и никуда не возвращают.",
    ),
    (
        "HF070",
        "A line of a flow test did not hold: the call went another way than the test expects. The help says what happened since the caller's last key or pause; `hotline test --verbose` shows the whole call.",
        "Строка проверки сценария не выполнена: звонок пошёл не так, как она ждёт. В подсказке — что было после последней клавиши или паузы звонящего; весь звонок показывает `hotline test --verbose`.",
    ),
    (
        "HF071",
        "A comment `# allow HF033: reason` has no reason, or names a finding that cannot be allowed because the flow could not be walked with it. The reason is for whoever reads the file in a year.",
        "В комментарии `# allow HF033: причина` нет причины, или он называет замечание, которое разрешить нельзя: с ним сценарий не пройти. Причина нужна тому, кто откроет файл через год.",
    ),
    (
        "HF072",
        "A comment allows a finding that is not there any more. Delete it: the next one would be hidden by it.",
        "Комментарий разрешает замечание, которого больше нет. Удалите его: он скрыл бы следующее.",
    ),
];
