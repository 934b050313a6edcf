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
