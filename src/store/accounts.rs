//! Who may do what: passwords, tokens and sessions.
//!
//! ```text
//!   sign_in ─ password ─▶ session token (cookie) ─ session ─▶ Person
//!   user token ─────────▶ API token (shown once) ─ token ───▶ Person
//! ```
//! Passwords are Argon2id (RFC 9106); tokens are 256 random bits kept as SHA-256. After [`LOCK_AFTER`] failures in a row
//! a user is locked for [`LOCK_FOR`]; the failure is counted before the password is looked at, so that guesses made at
//! the same time gain nothing. An unknown user costs the same time as a wrong password.
use super::{Error, Person, Role, Session, Shared, Token, TokenHash, User};
use crate::machine::Wall;
use crate::office::{TokenRow, UserRow};
use crate::role::Scopes;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Failed sign-ins in a row before a user is locked.
pub const LOCK_AFTER: u32 = 5;
pub const LOCK_FOR: Duration = Duration::from_secs(5 * 60);
/// A working day and the way home.
pub const SESSION_FOR: Duration = Duration::from_secs(12 * 60 * 60);
pub const FIRST_ADMIN_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// NIST SP 800-63B §5.1.1.2 asks for eight at least.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Argon2 would read any length; a megabyte of password is an attack.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Argon2 takes 19 MiB and some 70 ms of a core (debug build): at most this many at a time, the others queue.
const VERIFICATIONS_AT_ONCE: usize = 2;
const FIRST_ADMIN: &str = "admin";
const FIRST_ADMIN_FILE: &str = "first-admin";

/// What an attempt to sign in came to.
#[derive(Clone, Debug, PartialEq)]
pub enum SignIn {
    /// The session's token goes into the cookie and nowhere else.
    Welcome {
        person: Person,
        token: SecretText,
        expires_at: Wall,
    },
    /// Unknown user or wrong password: not said which.
    Refused,
    Locked {
        until: Wall,
    },
    /// A first password that was not changed in time.
    Void,
}

/// A secret for one pair of eyes: shown once, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("user `{0}` exists already; to give a new password: hotline user passwd {0}")]
    Exists(String),
    #[error("there is no user `{0}`; to see all: hotline user list")]
    NoSuchUser(String),
    #[error("a name has 1 to 64 letters, digits, `.`, `-`, `_` or `@`; got `{0}`")]
    BadName(String),
    #[error("a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters; got {0}")]
    BadLength(usize),
    #[error("`{0}` is the last administrator: make another one first")]
    LastAdmin(String),
    #[error("the new password is the old one")]
    SamePassword,
    #[error("the present password is wrong, or the user is locked")]
    WrongPassword,
    #[error("cannot write {path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("the system gave no random bytes or no memory for hashing: {0}")]
    System(String),
    #[error(transparent)]
    Store(#[from] Error),
}

/// The accounts of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    store: Shared,
    verifications: Arc<Semaphore>,
}

impl Accounts {
    pub fn new(store: Shared) -> Self {
        Accounts { store, verifications: Arc::new(Semaphore::new(VERIFICATIONS_AT_ONCE)) }
    }

    pub async fn sign_in(&self, name: &str, password: &str, at: Wall) -> Result<SignIn, AccountError> {
        let user = match self.verify(name, password, at).await? {
            Verdict::Right(user) => user,
            Verdict::Wrong => return Ok(SignIn::Refused),
            Verdict::Locked(until) => return Ok(SignIn::Locked { until }),
            Verdict::Void => return Ok(SignIn::Void),
        };
        let token = random_token()?;
        let expires_at = later(at, SESSION_FOR);
        self.store.remove_expired_sessions(at).await?;
        let session =
            Session { hash: hash_of(token.reveal()), user: user.name.clone(), created_at: at, expires_at };
        self.store.put_session(session).await?;
        Ok(SignIn::Welcome { person: person(&user), token, expires_at })
    }

    /// The person behind a session cookie.
    pub async fn session(&self, token: &str, at: Wall) -> Result<Option<Person>, AccountError> {
        let hash = hash_of(token);
        let Some(session) = self.store.session(hash).await? else { return Ok(None) };
        if !same(&session.hash.0, &hash.0) || session.expires_at <= at {
            return Ok(None);
        }
        // The user's row is read each time: a changed role or a removed user counts at once.
        Ok(self.store.user(&session.user).await?.filter(|user| !is_void(user, at)).map(|user| person(&user)))
    }

    pub async fn sign_out(&self, token: &str) -> Result<(), AccountError> {
        Ok(self.store.remove_session(hash_of(token)).await?)
    }

    /// The program behind `Authorization: Bearer TOKEN`.
    pub async fn token(&self, token: &str, at: Wall) -> Result<Option<Person>, AccountError> {
        let hash = hash_of(token);
        let found = self.store.use_token(hash, at).await?.filter(|found| same(&found.hash.0, &hash.0));
        Ok(found.map(|found| Person {
            name: found.name,
            role: found.role,
            must_change: false,
            scopes: found.scopes,
        }))
    }

    /// A new token; its text is in the answer and nowhere else.
    pub async fn add_token(&self, name: &str, role: Role, at: Wall) -> Result<SecretText, AccountError> {
        self.add_narrow_token(name, role, Scopes::all(), at).await.map(|(token, _)| token)
    }

    /// The same, narrowed to some areas of the API.
    pub async fn add_narrow_token(
        &self,
        name: &str,
        role: Role,
        scopes: Scopes,
        at: Wall,
    ) -> Result<(SecretText, TokenRow), AccountError> {
        check_name(name)?;
        let secret = random_token()?;
        let hash = hash_of(secret.reveal());
        let token = Token { hash, name: name.to_string(), role, scopes, created_at: at, last_used_at: None };
        let row = token_row(&token);
        self.store.put_token(token).await?;
        Ok((secret, row))
    }

    pub async fn tokens(&self) -> Result<Vec<TokenRow>, AccountError> {
        Ok(self.store.tokens().await?.iter().map(token_row).collect())
    }

    /// Removes the token with this id; what was removed.
    pub async fn remove_token(&self, id: &str) -> Result<Option<TokenRow>, AccountError> {
        let tokens = self.store.tokens().await?;
        let Some(token) = tokens.iter().find(|token| token_id(&token.hash) == id) else { return Ok(None) };
        self.store.remove_token(token.hash).await?;
        Ok(Some(token_row(token)))
    }

    pub async fn users(&self) -> Result<Vec<UserRow>, AccountError> {
        Ok(self.store.users().await?.iter().map(user_row).collect())
    }

    /// Another role for a user, who is signed out everywhere. Somebody has to be able to administer.
    pub async fn set_role(&self, name: &str, role: Role) -> Result<(), AccountError> {
        let Some(user) = self.store.user(name).await? else {
            return Err(AccountError::NoSuchUser(name.to_string()));
        };
        if user.role == Role::Admin && role != Role::Admin {
            self.check_not_last_admin(name).await?;
        }
        self.store.put_user(User { role, ..user }).await?;
        Ok(self.store.remove_sessions_of(name).await?)
    }

    pub async fn unlock(&self, name: &str) -> Result<(), AccountError> {
        Ok(self.store.clear_failures(name).await?)
    }

    pub async fn remove_user(&self, name: &str) -> Result<(), AccountError> {
        self.check_not_last_admin(name).await?;
        match self.store.remove_user(name).await? {
            true => Ok(()),
            false => Err(AccountError::NoSuchUser(name.to_string())),
        }
    }

    async fn check_not_last_admin(&self, name: &str) -> Result<(), AccountError> {
        let users = self.store.users().await?;
        let mut admins = users.iter().filter(|user| user.role == Role::Admin);
        let is_one = users.iter().any(|user| user.name == name && user.role == Role::Admin);
        match is_one && admins.all(|admin| admin.name == name) {
            true => Err(AccountError::LastAdmin(name.to_string())),
            false => Ok(()),
        }
    }

    /// A new user. A password that somebody else has set (`must_change`) opens nothing but its own change.
    pub async fn add_user(
        &self,
        name: &str,
        role: Role,
        password: &str,
        must_change: bool,
        at: Wall,
    ) -> Result<(), AccountError> {
        check_name(name)?;
        if self.store.user(name).await?.is_some() {
            return Err(AccountError::Exists(name.to_string()));
        }
        let user = User {
            name: name.to_string(),
            role,
            password: self.hash(password).await?,
            must_change,
            void_at: None,
            failures: 0,
            locked_until: None,
            created_at: at,
        };
        Ok(self.store.put_user(user).await?)
    }

    /// Sets a password from outside (`user passwd`): unlocks, and signs the user out everywhere.
    pub async fn set_password(
        &self,
        name: &str,
        password: &str,
        must_change: bool,
    ) -> Result<(), AccountError> {
        let Some(user) = self.store.user(name).await? else {
            return Err(AccountError::NoSuchUser(name.to_string()));
        };
        let password = self.hash(password).await?;
        let user = User { password, must_change, void_at: None, failures: 0, locked_until: None, ..user };
        self.store.put_user(user).await?;
        Ok(self.store.remove_sessions_of(name).await?)
    }

    /// A person changes his own password; he signs in anew.
    pub async fn change_password(
        &self,
        name: &str,
        old: &str,
        new: &str,
        at: Wall,
    ) -> Result<(), AccountError> {
        if !matches!(self.verify(name, old, at).await?, Verdict::Right(_)) {
            return Err(AccountError::WrongPassword);
        }
        if old == new {
            return Err(AccountError::SamePassword);
        }
        self.set_password(name, new, false).await
    }

    /// Makes the first admin when nobody can administer: a random password in `DATA/first-admin` (0600), void after a
    /// day, to be changed at the first sign-in. `None` when there is an admin already.
    pub async fn first_admin(&self, data_dir: &Path, at: Wall) -> Result<Option<FirstAdmin>, AccountError> {
        let users = self.store.users().await?;
        if users.iter().any(|user| user.role == Role::Admin && !is_void(user, at)) {
            return Ok(None);
        }
        let password = random_password()?;
        let user = User {
            name: FIRST_ADMIN.to_string(),
            role: Role::Admin,
            password: self.hash(password.reveal()).await?,
            must_change: true,
            void_at: Some(later(at, FIRST_ADMIN_FOR)),
            failures: 0,
            locked_until: None,
            created_at: at,
        };
        // The file first: a password that nobody can read would lock everybody out for a day.
        let file = data_dir.join(FIRST_ADMIN_FILE);
        write_secret(&file, &format!("{FIRST_ADMIN} {}\n", password.reveal()))
            .map_err(|source| AccountError::File { path: file.clone(), source })?;
        self.store.put_user(user).await?;
        Ok(Some(FirstAdmin { name: FIRST_ADMIN.to_string(), password, file }))
    }

    async fn verify(&self, name: &str, password: &str, at: Wall) -> Result<Verdict, AccountError> {
        let user = self.store.user(name).await?;
        if let Some(until) = user.as_ref().and_then(|user| user.locked_until).filter(|until| *until > at) {
            return Ok(Verdict::Locked(until));
        }
        if user.is_some() {
            self.store.count_failure(name, LOCK_AFTER, later(at, LOCK_FOR)).await?;
        }
        let expected = user.as_ref().map_or_else(|| NOBODY.to_string(), |user| user.password.clone());
        let right = self.matches(password, expected).await?;
        match user {
            Some(user) if right => {
                self.store.clear_failures(name).await?;
                Ok(if is_void(&user, at) { Verdict::Void } else { Verdict::Right(user) })
            }
            _ => Ok(Verdict::Wrong),
        }
    }

    async fn matches(&self, password: &str, expected: String) -> Result<bool, AccountError> {
        if password.len() > PASSWORD_CHARS_MAX * 4 {
            return Ok(false);
        }
        let password = password.to_string();
        self.off_the_runtime(move || {
            let hash = PasswordHash::new(&expected).map_err(|e| AccountError::System(e.to_string()))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
    }

    async fn hash(&self, password: &str) -> Result<String, AccountError> {
        let chars = password.chars().count();
        if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&chars) {
            return Err(AccountError::BadLength(chars));
        }
        let password = password.to_string();
        self.off_the_runtime(move || {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|e| AccountError::System(e.to_string()))
        })
        .await
    }

    /// Argon2 is meant to be slow; the control thread must not be.
    async fn off_the_runtime<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let _permit = self.verifications.acquire().await.map_err(|e| AccountError::System(e.to_string()))?;
        tokio::task::spawn_blocking(work).await.map_err(|e| AccountError::System(e.to_string()))?
    }
}

/// What `first_admin` made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstAdmin {
    pub name: String,
    /// For the terminal only if it is one; never for a log.
    pub password: SecretText,
    pub file: PathBuf,
}

/// A password that can be read out: 20 characters of Crockford's base 32 in groups, 100 bits.
pub fn random_password() -> Result<SecretText, AccountError> {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut bytes = [0u8; 20];
    fill(&mut bytes)?;
    let mut text = String::with_capacity(24);
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 && i % 5 == 0 {
            text.push('-');
        }
        text.push(LETTERS[usize::from(byte & 31)] as char);
    }
    Ok(SecretText(text))
}

enum Verdict {
    Right(User),
    Wrong,
    Locked(Wall),
    Void,
}

/// The hash of a password that nobody knows, made with the default parameters of `argon2`: for users who do not exist.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$aG90bGluZS1ub2JvZHk$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Sixteen hexadecimal digits of the hash: enough to tell tokens apart, and of no use to whoever wants to be one.
fn token_id(hash: &TokenHash) -> String {
    hash.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn token_row(token: &Token) -> TokenRow {
    TokenRow {
        id: token_id(&token.hash),
        name: token.name.clone(),
        role: token.role,
        scopes: token.scopes.clone(),
        created_at: token.created_at,
        last_used_at: token.last_used_at,
    }
}

fn user_row(user: &User) -> UserRow {
    UserRow {
        name: user.name.clone(),
        role: user.role,
        must_change: user.must_change,
        locked_until: user.locked_until,
        created_at: user.created_at,
    }
}

fn person(user: &User) -> Person {
    Person { name: user.name.clone(), role: user.role, must_change: user.must_change, scopes: Scopes::all() }
}

fn is_void(user: &User, at: Wall) -> bool {
    user.must_change && user.void_at.is_some_and(|void_at| void_at <= at)
}

fn check_name(name: &str) -> Result<(), AccountError> {
    let fits = (1..=64).contains(&name.chars().count())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'));
    if fits { Ok(()) } else { Err(AccountError::BadName(name.to_string())) }
}

fn random_token() -> Result<SecretText, AccountError> {
    let mut bytes = [0u8; 32];
    fill(&mut bytes)?;
    Ok(SecretText(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
}

fn fill(bytes: &mut [u8]) -> Result<(), AccountError> {
    getrandom::fill(bytes).map_err(|e| AccountError::System(e.to_string()))
}

fn hash_of(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

/// Compares in a time that does not depend on where the difference is.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

fn later(at: Wall, by: Duration) -> Wall {
    Wall(at.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    // A file that is there already may be readable by others: replace it, do not write into it.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open;
    use std::os::unix::fs::PermissionsExt;

    const PASSWORD: &str = "correct horse";

    async fn accounts() -> (Accounts, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&format!("sqlite:{}/hotline.db", dir.path().display())).await.unwrap();
        (Accounts::new(store), dir)
    }

    async fn token_of(accounts: &Accounts, name: &str, password: &str, at: Wall) -> SecretText {
        match accounts.sign_in(name, password, at).await.unwrap() {
            SignIn::Welcome { token, .. } => token,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_session_lasts_until_it_expires_or_is_signed_out() {
        let (accounts, _dir) = accounts().await;
        accounts.add_user("anna", Role::Supervisor, PASSWORD, false, Wall(0)).await.unwrap();
        let token = token_of(&accounts, "anna", PASSWORD, Wall(1_000)).await;
        let person =
            Person { name: "anna".into(), role: Role::Supervisor, must_change: false, scopes: Scopes::all() };
        let end = later(Wall(1_000), SESSION_FOR);
        let at = |at| accounts.session(token.reveal(), at);
        assert_eq!(at(Wall(2_000)).await.unwrap(), Some(person));
        assert_eq!(at(end).await.unwrap(), None);
        assert_eq!(accounts.session("guess", Wall(2_000)).await.unwrap(), None);
        accounts.sign_out(token.reveal()).await.unwrap();
        assert_eq!(at(Wall(2_000)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn five_wrong_passwords_lock_the_user_for_a_while() {
        let (accounts, _dir) = accounts().await;
        accounts.add_user("anna", Role::Viewer, PASSWORD, false, Wall(0)).await.unwrap();
        let unlocked = later(Wall(5), LOCK_FOR);
        for n in 1..=i64::from(LOCK_AFTER) {
            assert_eq!(accounts.sign_in("anna", "wrong guess", Wall(n)).await.unwrap(), SignIn::Refused);
        }
        let right = |at| accounts.sign_in("anna", PASSWORD, at);
        assert_eq!(right(Wall(6)).await.unwrap(), SignIn::Locked { until: unlocked });
        assert!(matches!(right(unlocked).await.unwrap(), SignIn::Welcome { .. }));
        assert_eq!(accounts.sign_in("anna", "wrong guess", unlocked).await.unwrap(), SignIn::Refused);
        assert!(matches!(right(unlocked).await.unwrap(), SignIn::Welcome { .. }), "a success forgives");
    }

    #[tokio::test]
    async fn an_unknown_user_is_refused_like_a_wrong_password() {
        let (accounts, _dir) = accounts().await;
        assert_eq!(accounts.sign_in("nobody", PASSWORD, Wall(0)).await.unwrap(), SignIn::Refused);
        let long = "x".repeat(5_000_000);
        assert_eq!(accounts.sign_in("nobody", &long, Wall(0)).await.unwrap(), SignIn::Refused);
    }

    #[tokio::test]
    async fn a_token_is_shown_once_and_kept_as_its_hash() {
        let (accounts, dir) = accounts().await;
        let token = accounts.add_token("crm", Role::Api, Wall(0)).await.unwrap();
        assert_eq!(token.reveal().len(), 64);
        let person = accounts.token(token.reveal(), Wall(1)).await.unwrap().unwrap();
        assert_eq!((person.name.as_str(), person.role), ("crm", Role::Api));
        assert_eq!(accounts.token(&"0".repeat(64), Wall(1)).await.unwrap(), None);
        accounts.store.close().await;
        let file = std::fs::read(dir.path().join("hotline.db")).unwrap();
        let found = file.windows(64).any(|window| window == token.reveal().as_bytes());
        assert!(!found, "the token stands in the file");
        assert!(!format!("{token:?}").contains(token.reveal()));
    }

    #[tokio::test]
    async fn the_first_admin_has_a_day_to_change_the_password() {
        let (accounts, dir) = accounts().await;
        let first = accounts.first_admin(dir.path(), Wall(0)).await.unwrap().unwrap();
        assert_eq!(std::fs::metadata(&first.file).unwrap().permissions().mode() & 0o777, 0o600);
        let written = std::fs::read_to_string(&first.file).unwrap();
        assert_eq!(written, format!("admin {}\n", first.password.reveal()));
        assert_eq!(accounts.first_admin(dir.path(), Wall(1)).await.unwrap(), None);

        let day = later(Wall(0), FIRST_ADMIN_FOR);
        let password = first.password.reveal();
        assert_eq!(accounts.sign_in("admin", password, day).await.unwrap(), SignIn::Void);
        let second = accounts.first_admin(dir.path(), day).await.unwrap().unwrap();
        let token = token_of(&accounts, "admin", second.password.reveal(), day).await;
        assert!(accounts.session(token.reveal(), day).await.unwrap().unwrap().must_change);

        accounts.change_password("admin", second.password.reveal(), PASSWORD, day).await.unwrap();
        assert_eq!(accounts.session(token.reveal(), day).await.unwrap(), None, "signed out everywhere");
        let later_on = later(day, FIRST_ADMIN_FOR);
        let token = token_of(&accounts, "admin", PASSWORD, later_on).await;
        assert!(!accounts.session(token.reveal(), later_on).await.unwrap().unwrap().must_change);
        assert_eq!(accounts.first_admin(dir.path(), later_on).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_no_name_and_no_password_is_refused() {
        let (accounts, _dir) = accounts().await;
        let add = |name, password| accounts.add_user(name, Role::Viewer, password, false, Wall(0));
        assert!(matches!(add("anna b", PASSWORD).await, Err(AccountError::BadName(_))));
        assert!(matches!(add("anna", "short").await, Err(AccountError::BadLength(5))));
        add("anna", PASSWORD).await.unwrap();
        assert!(matches!(add("anna", PASSWORD).await, Err(AccountError::Exists(_))));
        let change = accounts.change_password("anna", "wrong guess", "another one", Wall(0)).await;
        assert!(matches!(change, Err(AccountError::WrongPassword)));
        let change = accounts.change_password("anna", PASSWORD, PASSWORD, Wall(0)).await;
        assert!(matches!(change, Err(AccountError::SamePassword)));
        let absent = accounts.set_password("boris", PASSWORD, true).await;
        assert!(matches!(absent, Err(AccountError::NoSuchUser(_))));
    }

    #[test]
    fn a_password_that_is_read_out_has_a_hundred_bits() {
        let (a, b) = (random_password().unwrap(), random_password().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.reveal().len(), 23);
        assert_eq!(a.reveal().matches('-').count(), 3);
    }
}
