//! What the HTTP interface answers to a person when it cannot do as asked, in Russian. Problems are made in English;
//! these tables have the Russian title and sentence for each, and the values of the sentence are carried over. A sentence
//! that is not here stays as it is.

/// The titles of `problem.rs`.
pub const TITLES: &[(&str, &str)] = &[
    ("The request could not be read", "Запрос не читается"),
    ("Sign in first", "Сначала войдите"),
    ("The user or the password is wrong", "Неверное имя или пароль"),
    ("Your role does not allow this", "Ваша роль этого не позволяет"),
    ("The request came from another site", "Запрос пришёл с другого сайта"),
    ("Choose a new password first", "Сначала смените пароль"),
    ("The first password was not changed in time", "Первый пароль не сменили вовремя"),
    ("There is no such thing", "Такого здесь нет"),
    ("The route does not know this method", "Такой метод здесь не действует"),
    ("The body is too large", "Запрос слишком велик"),
    ("The body must be JSON", "Нужен запрос в виде JSON"),
    ("This cannot be done in the present state", "Сейчас это невозможно"),
    ("The request was read and cannot be used", "Запрос понятен, но так не получится"),
    ("Too many attempts", "Слишком много попыток"),
    ("The mail server did not take the letter", "Почтовый сервер не принял письмо"),
    ("The server is busy", "Сервер занят"),
    ("The database did not answer", "База данных не отвечает"),
];

/// English and Russian, `§` where a value stands; the most exact first: a later pattern may fit what an earlier one does.
pub const SENTENCES: &[(&str, &str)] = &[
    // Signing in, passwords and rights.
    (
        "check both; after five wrong passwords the user is locked",
        "проверьте имя и пароль; после пяти неверных паролей вход закроется на время",
    ),
    (
        "the user is locked after wrong passwords: wait, then try again",
        "вход закрыт на время из-за неверных паролей: подождите и попробуйте снова",
    ),
    (
        "too many attempts to sign in from this address: wait, then try again",
        "слишком много попыток войти с этого адреса: подождите и попробуйте снова",
    ),
    (
        "the present password is wrong, or the user is locked",
        "нынешний пароль неверен или вход закрыт на время",
    ),
    (
        "this password was given to you by somebody else: POST /api/v1/password {user, password, new_password}",
        "этот пароль вам выдали: замените его на тот, который знаете только вы",
    ),
    (
        "POST /api/v1/password changes it",
        "этот пароль вам выдали: замените его на тот, который знаете только вы",
    ),
    (
        "the first password was valid for a day: restart the server, it makes a new one",
        "первый пароль действовал сутки: перезапустите сервер, он выдаст новый",
    ),
    ("the session has ended: sign in again", "сеанс закончился, войдите снова"),
    (
        "sign in by POST /api/v1/login, or send `Authorization: Bearer TOKEN`",
        "войдите или пришлите `Authorization: Bearer TOKEN`",
    ),
    (
        "expected `Authorization: Bearer TOKEN`; `hotline user token` makes one",
        "нужен заголовок `Authorization: Bearer TOKEN`; токен выпускает `hotline user token`",
    ),
    (
        "this token is not known; `hotline user token` makes a new one",
        "такого токена нет; новый выпускает `hotline user token`",
    ),
    ("this token is narrowed; this needs the scope §:§", "права токена ограничены, а здесь нужно право §:§"),
    ("your role is §; this needs one of: §", "ваша роль — §, а здесь нужна одна из этих: §"),
    (
        "expected this server's own origin, got no origin; behind a proxy, name the public address in the settings",
        "запрос пришёл не со страницы этого сервера; если сервер стоит за прокси, укажите в настройках внешний адрес",
    ),
    (
        "expected this server's own origin, got §; behind a proxy, name the public address in the settings",
        "запрос пришёл с чужой страницы (§); если сервер стоит за прокси, укажите в настройках внешний адрес",
    ),
    ("the new password is the old one", "новый пароль совпадает с прежним"),
    ("a password has § to § characters; got §", "в пароле должно быть от § до § знаков, а здесь §"),
    // Whose affair it is.
    ("an operator changes his own state only", "оператор меняет только своё состояние"),
    ("an operator calls from his own phone only", "оператор звонит только со своего телефона"),
    ("an operator does this in his own calls only", "оператор делает это только в своих звонках"),
    ("an operator sees his own calls only", "оператор видит только свои звонки"),
    ("an operator gets a credential for his own page only", "оператор подключает только свою страницу"),
    (
        "the card is for the operator of the call, and for supervisors",
        "карточка — для оператора этого звонка и для старших смены",
    ),
    (
        "a viewer sees masked numbers, and may not look for one",
        "наблюдатель видит номера не полностью и искать по ним не может",
    ),
    // Calls, operators and queues as they are now.
    ("no call has this id; it may have ended", "такого звонка нет: возможно, он уже завершён"),
    (
        "no call with this id is in a queue; GET /api/v1/calls/{id} tells its story",
        "этого звонка в очереди нет; что с ним было, видно в истории звонка",
    ),
    ("a call's id has 13 characters of base 32", "в номере звонка 13 латинских букв и цифр"),
    ("no operator has this id; GET /api/v1/operators lists them", "оператора с таким номером нет"),
    ("no queue has this name; GET /api/v1/queues lists them", "очереди с таким именем нет"),
    ("no queue has this name; there are: §", "очереди с таким именем нет; есть: §"),
    (
        "this operator's phone is in a call, or is not there",
        "телефон этого оператора занят разговором или не подключён",
    ),
    (
        "the call is not at a point where that can be done; GET /api/v1/calls/{id} shows it",
        "сейчас со звонком этого не сделать: он уже в другом состоянии",
    ),
    (
        "the engine takes no more calls now: it is being stopped, or at its limit",
        "новых звонков сейчас не начать: сервер останавливают или он заполнен",
    ),
    ("there are § orders already: remove one first", "распоряжений уже §: сначала отмените лишнее"),
    (
        "this number may not be dialled; `outbound.allow` in config.yaml says which may",
        "на этот номер звонить нельзя; какие разрешены, сказано в `outbound.allow` в config.yaml",
    ),
    ("expected a telephone number, as in 79161234567", "нужен номер телефона, например 79161234567"),
    ("the machine has no random numbers", "серверу неоткуда взять случайные числа"),
    ("§ boards are open already: close one", "открыто уже § табло: закройте одно"),
    // Reasons.
    ("`reason` is expected: 1 to § characters on one line", "нужна причина: от 1 до § знаков в одну строку"),
    ("`reason` is at most § characters on one line", "вид перерыва — не больше § знаков в одну строку"),
    // Announcements, rules and other orders.
    ("`say`: expected 1 to § prompts, got §", "нужно от 1 до § фраз, а здесь §"),
    ("`say`: there is no prompt `§`", "фразы `§` нет"),
    (
        "`until`: expected a moment like 2026-11-22T18:00:00+03:00, got `§`",
        "до какого времени: нужна запись как 2026-11-22T18:00:00+03:00, а здесь `§`",
    ),
    (
        "`until`: expected a moment to come, got `§`",
        "до какого времени: оно должно быть впереди, а здесь `§`",
    ),
    (
        "expected a number or a prefix like 7495*, got `§`",
        "нужен номер или его начало со звёздочкой, как 7495*, а здесь `§`",
    ),
    ("nothing of the kind is ordered", "такого распоряжения нет"),
    // Flows.
    ("no flow has this name; GET /api/v1/flows lists them", "сценария с таким именем нет"),
    ("no flows are kept here", "сценариев здесь нет"),
    (
        "no split of the flows in force has this arm; GET /api/v1/flows/{name} has the text",
        "в действующих сценариях такой ветви нет",
    ),
    ("the files cannot be used", "файлы не годятся"),
    (
        "the engine is being stopped and takes no flows",
        "сервер останавливается и новых сценариев не принимает",
    ),
    ("no version § is kept; GET /api/v1/flows lists them", "версия § не хранится"),
    ("there is no other version to go back to", "другой версии, к которой можно вернуться, нет"),
    ("the files of version § cannot be read: §", "файлы версии § не читаются: §"),
    ("version § cannot be read: §", "версия § не читается: §"),
    ("neither § nor § has a flow `§`", "ни в §, ни в § нет сценария `§`"),
    // Prompts, recordings and messages.
    ("no prompt has this language and id; GET /api/v1/prompts lists them", "такой фразы на этом языке нет"),
    (
        "no recording has this name; GET /api/v1/recordings lists them; a slash is written %2F",
        "такой записи нет",
    ),
    (
        "no message has this name; GET /api/v1/messages lists them; a slash is written %2F",
        "такого сообщения нет",
    ),
    (
        "the sound is gone: recordings are kept for `recording.days`",
        "звука больше нет: записи хранятся `recording.days` дней",
    ),
    ("`number`: expected a telephone number", "нужен номер телефона"),
    // Notes and tickets.
    ("`disposition`: expected one of: §; got `§`", "итог разговора — один из этих: §; а здесь `§`"),
    ("`note`: expected 1 to § characters, got §", "заметка: нужно от 1 до § знаков, а здесь §"),
    ("no ticket has this number; GET /api/v1/tickets lists them", "заявки с таким номером нет"),
    ("expected `status`, `note` or both", "нужно новое состояние, заметка или и то и другое"),
    (
        "status: expected `open`, `waiting` or `done`",
        "состояние заявки — `open` (открыта), `waiting` (ждёт ответа) или `done` (закрыта)",
    ),
    ("`subject`: expected 1 to § characters, got §", "тема письма: нужно от 1 до § знаков, а здесь §"),
    ("`subject` is one line", "тема письма — одна строка"),
    ("`text`: expected 1 to § characters, got §", "текст: нужно от 1 до § знаков, а здесь §"),
    (
        "the applicant's e-mail is not known: it is the subscriber's, or the ticket's field `email`",
        "адрес почты заявителя неизвестен: его нет ни у абонента, ни в поле `email` заявки",
    ),
    (
        "no mail server: add a section `smtp` to config.yaml",
        "почтового сервера нет: добавьте в config.yaml раздел `smtp`",
    ),
    (
        "the mail server did not take the letter; the log says why",
        "почтовый сервер не принял письмо; почему, сказано в журнале сервера",
    ),
    ("`to` is no e-mail address", "адрес заявителя — не адрес почты"),
    ("`§` is no e-mail address", "`§` — не адрес почты"),
    ("the letter cannot be written: §", "письмо не удалось составить: §"),
    // Subscribers.
    ("no subscriber has this number", "абонента с таким номером нет"),
    (
        "a subscriber is `priority` or `standard`; `§` belongs to queues",
        "класс абонента — `priority` или `standard`; `§` бывает только у очередей",
    ),
    ("number: expected a telephone number, or its beginning", "нужен номер телефона или его начало"),
    // Users and tokens.
    ("no user has this name; GET /api/v1/users lists them", "пользователя с таким именем нет"),
    (
        "user `§` exists already; to give a new password: hotline user passwd §",
        "пользователь `§` уже есть; новый пароль ему даст `hotline user passwd §`",
    ),
    (
        "a name has 1 to 64 letters, digits, `.`, `-`, `_` or `@`; got `§`",
        "имя — это от 1 до 64 букв, цифр и знаков `.`, `-`, `_`, `@`, а здесь `§`",
    ),
    (
        "`§` is the last administrator: make another one first",
        "`§` — последний администратор: сначала добавьте другого",
    ),
    ("no token has this id; GET /api/v1/tokens lists them", "такого токена нет"),
    (
        "a token hands out no more than it has: name fewer `scopes`",
        "токен не даёт больше прав, чем есть у него самого: укажите меньше прав",
    ),
    (
        "a token with scopes makes and changes no users",
        "токен с ограниченными правами не добавляет и не меняет пользователей",
    ),
    ("at most § scopes", "прав — не больше §"),
    (
        "a scope is AREA:read or AREA:write, where AREA is one of: §",
        "право записывают как ОБЛАСТЬ:read или ОБЛАСТЬ:write, области: §",
    ),
    // Webhooks.
    ("no webhook has this id; GET /api/v1/webhooks lists them", "такого вебхука нет"),
    ("there are § webhooks already: remove one first", "вебхуков уже §: сначала удалите один"),
    ("`events`: expected some of: §, or *", "события: выберите из этих: § или *"),
    ("`url`: at most § characters", "адрес: не больше § знаков"),
    (
        "`url`: § is §, an address inside: add its network to the outbound allow-list if it is meant",
        "адрес: § — это §, адрес внутренней сети; если так задумано, разрешите эту сеть в настройках исходящих запросов",
    ),
    (
        "`url`: expected http:// or https://, got §://",
        "адрес должен начинаться с http:// или https://, а здесь §://",
    ),
    ("`url`: the URL has no host", "в адресе нет имени сервера"),
    ("`url`: a URL must not carry a user or password", "в адресе не должно быть имени и пароля"),
    ("`url`: this is no URL: §", "это не адрес: §"),
    // Lists and reports.
    (
        "§: expected a day (2026-11-22) or a moment (2026-11-22T18:30:00+03:00)",
        "§: нужен день (2026-11-22) или время (2026-11-22T18:30:00+03:00)",
    ),
    (
        "§: expected a day (2026-11-22) or a moment (2026-11-22T18:30), got `§`",
        "§: нужен день (2026-11-22) или время (2026-11-22T18:30), а здесь `§`",
    ),
    ("interval: expected 15m, 30m, 1h or 1d, got `§`", "шаг отчёта — 15m, 30m, 1h или 1d, а здесь `§`"),
    ("from is not before to", "начало должно быть раньше конца"),
    (
        "a report covers § days at most; ask for a shorter time",
        "отчёт охватывает не больше § дней: возьмите время покороче",
    ),
    ("limit: expected 1 to §", "limit: нужно от 1 до §"),
    ("§: expected at most § characters on one line", "§: можно не больше § знаков в одну строку"),
    ("caller: expected at least § digits of a number", "для поиска по номеру нужно не меньше § цифр"),
    (
        "cursor: expected what `next` of the page before said",
        "cursor: нужно то, что стояло в `next` предыдущей страницы",
    ),
    ("number: expected a telephone number", "нужен номер телефона"),
    // The server as such.
    (
        "the switchboard did not answer within § s: try again, and look at the load of the machine",
        "сервер не ответил за § с: попробуйте ещё раз и проверьте, не перегружен ли он",
    ),
    (
        "the database did not answer: try again; the log says why",
        "база данных не ответила: попробуйте ещё раз; почему, сказано в журнале сервера",
    ),
    (
        "log filter `§`: §; expected a level or target=level pairs, as in `warn,hotline::sip=debug`",
        "подробность журнала `§`: §; нужен уровень или пары «часть=уровень», как `warn,hotline::sip=debug`",
    ),
    ("the log has ended", "журнал сервера уже закрыт"),
    ("no route has this path", "по этому адресу ничего нет"),
    ("see the Allow header", "какие методы здесь бывают, сказано в заголовке Allow"),
    // Telephones in pages.
    ("too many telephones are connected", "подключено слишком много телефонов"),
    (
        "telephones connect over TCP, not over the control socket",
        "телефоны подключаются по TCP, а не через управляющий сокет",
    ),
    ("expected a WebSocket handshake: §", "нужно подключение по WebSocket: §"),
    ("expected `Sec-WebSocket-Protocol: sip` (RFC 7118)", "нужен `Sec-WebSocket-Protocol: sip` (RFC 7118)"),
    ("the connection has no peer", "не видно, откуда подключение"),
    ("the connection has no address", "у подключения нет адреса"),
    // Any other text of a person's.
    ("`§`: expected 1 to § characters, got §", "`§`: нужно от 1 до § знаков, а здесь §"),
    // Bodies and queries that cannot be read: wide patterns, so they come last.
    ("expected at most § bytes", "можно не больше § байт"),
    ("expected `Content-Type: application/json`", "нужен `Content-Type: application/json`"),
    (
        "§: expected 1 to § characters on one line, for the audit trail; got § at line § column §",
        "поле §: нужно от 1 до § знаков в одну строку, для журнала действий, а здесь § (строка §, столбец §)",
    ),
    ("missing field `§` at line § column §", "нет поля `§` (строка §, столбец §)"),
    ("§: missing field `§` at line § column §", "в § нет поля `§` (строка §, столбец §)"),
    (
        "§: unknown field `§`, expected one of § at line § column §",
        "§: поля `§` здесь не бывает, есть: § (строка §, столбец §)",
    ),
    (
        "§: unknown field `§`, expected § at line § column §",
        "§: поля `§` здесь не бывает, есть: § (строка §, столбец §)",
    ),
    (
        "§: unknown variant `§`, expected one of § at line § column §",
        "поле §: `§` не подходит, можно: § (строка §, столбец §)",
    ),
    (
        "§: unknown variant `§`, expected § at line § column §",
        "поле §: `§` не подходит, можно: § (строка §, столбец §)",
    ),
    ("§: invalid type: §, expected § at line § column §", "поле §: пришло § вместо § (строка §, столбец §)"),
    ("Failed to parse the request body as JSON: §", "запрос — не JSON: §"),
    ("Failed to buffer the request body: §", "запрос не дошёл целиком: §"),
    (
        "§: expected 1 to § characters on one line, for the audit trail; got §",
        "поле §: нужно от 1 до § знаков в одну строку, для журнала действий, а здесь §",
    ),
    ("missing field `§`", "нет параметра `§`"),
    ("§: unknown field `§`, expected one of §", "§: параметра `§` здесь не бывает, есть: §"),
    ("§: unknown field `§`, expected §", "§: параметра `§` здесь не бывает, есть: §"),
    ("§: unknown variant `§`, expected one of §", "параметр §: `§` не подходит, можно: §"),
    ("§: unknown variant `§`, expected §", "параметр §: `§` не подходит, можно: §"),
    ("§: invalid digit found in string", "параметр §: нужно целое число"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_has_as_many_values_in_both_languages_and_none_hides_behind_another() {
        assert_eq!(crate::phrasebook::faults(SENTENCES), [""; 0]);
    }
}
