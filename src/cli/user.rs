//! `hotline user add|passwd|token|list|remove`: people who sign in on the pages, and tokens for programs.
use super::audit::local_audit;
use crate::machine::Wall;
use crate::store::accounts::{AccountError, SecretText, random_password};
use crate::store::{Accounts, Role, Shared};

/// Adds a user. Without a password a random one is made, which the answer shows once; somebody else's choice of a
/// password has to be changed at the first sign-in.
pub async fn add(
    store: &Shared,
    name: &str,
    role: Role,
    password: Option<&str>,
    at: Wall,
) -> Result<Option<SecretText>, AccountError> {
    let made = made_unless(password)?;
    let text = password.or(made.as_ref().map(SecretText::reveal)).unwrap_or("");
    Accounts::new(store.clone()).add_user(name, role, text, true, at).await?;
    local_audit(&**store, "user.add", [("user", name.to_string()), ("role", role.to_string())]).await?;
    Ok(made)
}

/// Sets a password, unlocks the user and signs him out everywhere.
pub async fn passwd(
    store: &Shared,
    name: &str,
    password: Option<&str>,
) -> Result<Option<SecretText>, AccountError> {
    let made = made_unless(password)?;
    let text = password.or(made.as_ref().map(SecretText::reveal)).unwrap_or("");
    Accounts::new(store.clone()).set_password(name, text, true).await?;
    local_audit(&**store, "user.passwd", [("user", name.to_string())]).await?;
    Ok(made)
}

/// Makes a token for a program; its text is in the answer and nowhere else.
pub async fn token(store: &Shared, name: &str, role: Role, at: Wall) -> Result<SecretText, AccountError> {
    let token = Accounts::new(store.clone()).add_token(name, role, at).await?;
    local_audit(&**store, "user.token", [("token", name.to_string()), ("role", role.to_string())]).await?;
    Ok(token)
}

/// Takes back every token of this name; how many there were.
pub async fn revoke(store: &Shared, name: &str) -> Result<u64, AccountError> {
    let count = store.remove_tokens(name).await?;
    local_audit(&**store, "user.revoke", [("token", name.to_string()), ("count", count.to_string())]).await?;
    Ok(count)
}

pub async fn remove(store: &Shared, name: &str) -> Result<(), AccountError> {
    if !store.remove_user(name).await? {
        return Err(AccountError::NoSuchUser(name.to_string()));
    }
    local_audit(&**store, "user.remove", [("user", name.to_string())]).await?;
    Ok(())
}

/// One line per user and token.
pub async fn list(store: &Shared, at: Wall) -> Result<String, AccountError> {
    let mut text = String::new();
    for user in store.users().await? {
        let note = match user.locked_until {
            Some(until) if until > at => "locked",
            _ if user.must_change => "has to change the password",
            _ => "",
        };
        text.push_str(&format!("user\t{}\t{}\t{note}\n", user.name, user.role));
    }
    for token in store.tokens().await? {
        let used = if token.last_used_at.is_some() { "" } else { "never used" };
        text.push_str(&format!("token\t{}\t{}\t{used}\n", token.name, token.role));
    }
    Ok(text)
}

fn made_unless(given: Option<&str>) -> Result<Option<SecretText>, AccountError> {
    if given.is_some() { Ok(None) } else { random_password().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SignIn, open};

    #[tokio::test]
    async fn a_user_signs_in_with_the_password_that_was_shown() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&format!("sqlite:{}/hotline.db", dir.path().display())).await.unwrap();
        let shown = add(&store, "anna", Role::Supervisor, None, Wall(1)).await.unwrap().unwrap();
        let accounts = Accounts::new(store.clone());
        let signed_in = accounts.sign_in("anna", shown.reveal(), Wall(2)).await.unwrap();
        assert!(matches!(signed_in, SignIn::Welcome { person, .. } if person.must_change));
        assert_eq!(passwd(&store, "anna", Some("another one")).await.unwrap(), None);
        assert_eq!(accounts.sign_in("anna", shown.reveal(), Wall(3)).await.unwrap(), SignIn::Refused);

        let text = token(&store, "crm", Role::Api, Wall(4)).await.unwrap();
        let listed = list(&store, Wall(5)).await.unwrap();
        assert_eq!(
            listed,
            "user\tanna\tsupervisor\thas to change the password\ntoken\tcrm\tapi\tnever used\n"
        );
        assert!(accounts.token(text.reveal(), Wall(6)).await.unwrap().is_some());
        assert_eq!(revoke(&store, "crm").await.unwrap(), 1);
        assert!(accounts.token(text.reveal(), Wall(7)).await.unwrap().is_none());
        remove(&store, "anna").await.unwrap();
        assert!(matches!(remove(&store, "anna").await, Err(AccountError::NoSuchUser(_))));
        assert_eq!(store.audit(99).await.unwrap().len(), 5);
    }
}
