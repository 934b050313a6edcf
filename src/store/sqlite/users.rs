//! Users, tokens and sessions.
use super::{Reading, SqliteStore, json, unsigned};
use crate::machine::Wall;
use crate::role::Scopes;
use crate::store::{Error, Reply, Role, Session, Token, TokenHash, User, Users};
use sqlx::sqlite::SqliteRow;

const USER: &str = "SELECT * FROM users WHERE name = ?";
const USERS: &str = "SELECT * FROM users ORDER BY name";
const PUT_USER: &str = "INSERT OR REPLACE INTO users
    (name, role, password, must_change, void_at, failures, locked_until, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const REMOVE_USER: &str = "DELETE FROM users WHERE name = ?";
const COUNT_FAILURE: &str = "UPDATE users SET failures = failures + 1,
    locked_until = CASE WHEN failures + 1 >= ? THEN ? ELSE locked_until END WHERE name = ?";
const CLEAR_FAILURES: &str = "UPDATE users SET failures = 0, locked_until = NULL WHERE name = ?";
const PUT_TOKEN: &str = "INSERT OR REPLACE INTO tokens (hash, name, role, scopes, created_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?)";
/// To the minute: a program that polls each second is not to write each second.
const USE_TOKEN: &str = "UPDATE tokens SET last_used_at = ?1
    WHERE hash = ?2 AND (last_used_at IS NULL OR last_used_at < ?1 - 60000)";
const TOKEN: &str = "SELECT * FROM tokens WHERE hash = ?";
const TOKENS: &str = "SELECT * FROM tokens ORDER BY name, created_at";
const REMOVE_TOKEN: &str = "DELETE FROM tokens WHERE hash = ?";
const REMOVE_TOKENS: &str = "DELETE FROM tokens WHERE name = ?";
const PUT_SESSION: &str =
    "INSERT OR REPLACE INTO sessions (hash, user, created_at, expires_at) VALUES (?, ?, ?, ?)";
const SESSION: &str = "SELECT * FROM sessions WHERE hash = ?";
const REMOVE_SESSION: &str = "DELETE FROM sessions WHERE hash = ?";
const REMOVE_SESSIONS_OF: &str = "DELETE FROM sessions WHERE user = ?";
const REMOVE_EXPIRED_SESSIONS: &str = "DELETE FROM sessions WHERE expires_at <= ?";

impl Users for SqliteStore {
    fn user<'a>(&'a self, name: &'a str) -> Reply<'a, Option<User>> {
        Box::pin(async move {
            let row = sqlx::query(USER).bind(name).fetch_optional(&self.reader).await?;
            row.as_ref().map(user).transpose()
        })
    }

    fn users(&self) -> Reply<'_, Vec<User>> {
        Box::pin(async move {
            let rows = sqlx::query(USERS).fetch_all(&self.reader).await?;
            rows.iter().map(user).collect()
        })
    }

    fn put_user(&self, user: User) -> Reply<'_, ()> {
        Box::pin(async move {
            sqlx::query(PUT_USER)
                .bind(user.name)
                .bind(user.role.as_str())
                .bind(user.password)
                .bind(user.must_change)
                .bind(user.void_at.map(|at| at.0))
                .bind(i64::from(user.failures))
                .bind(user.locked_until.map(|at| at.0))
                .bind(user.created_at.0)
                .execute(&self.writer)
                .await?;
            Ok(())
        })
    }

    fn remove_user<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        Box::pin(async move {
            let mut tx = self.begin().await?;
            sqlx::query(REMOVE_SESSIONS_OF).bind(name).execute(&mut *tx).await?;
            let removed = sqlx::query(REMOVE_USER).bind(name).execute(&mut *tx).await?.rows_affected();
            tx.commit().await?;
            Ok(removed > 0)
        })
    }

    fn count_failure<'a>(&'a self, name: &'a str, lock_after: u32, lock_until: Wall) -> Reply<'a, ()> {
        Box::pin(async move {
            sqlx::query(COUNT_FAILURE)
                .bind(i64::from(lock_after))
                .bind(lock_until.0)
                .bind(name)
                .execute(&self.writer)
                .await?;
            Ok(())
        })
    }

    fn clear_failures<'a>(&'a self, name: &'a str) -> Reply<'a, ()> {
        Box::pin(async move {
            sqlx::query(CLEAR_FAILURES).bind(name).execute(&self.writer).await?;
            Ok(())
        })
    }

    fn put_token(&self, token: Token) -> Reply<'_, ()> {
        Box::pin(async move {
            sqlx::query(PUT_TOKEN)
                .bind(token.hash.0.to_vec())
                .bind(token.name)
                .bind(token.role.as_str())
                .bind(token.scopes.0.as_ref().map(json).transpose()?)
                .bind(token.created_at.0)
                .bind(token.last_used_at.map(|at| at.0))
                .execute(&self.writer)
                .await?;
            Ok(())
        })
    }

    fn use_token(&self, hash: TokenHash, at: Wall) -> Reply<'_, Option<Token>> {
        Box::pin(async move {
            let hash = hash.0.to_vec();
            let Some(row) = sqlx::query(TOKEN).bind(&hash).fetch_optional(&self.reader).await? else {
                return Ok(None);
            };
            sqlx::query(USE_TOKEN).bind(at.0).bind(&hash).execute(&self.writer).await?;
            token(&row).map(Some)
        })
    }

    fn tokens(&self) -> Reply<'_, Vec<Token>> {
        Box::pin(async move {
            let rows = sqlx::query(TOKENS).fetch_all(&self.reader).await?;
            rows.iter().map(token).collect()
        })
    }

    fn remove_token(&self, hash: TokenHash) -> Reply<'_, ()> {
        Box::pin(async move {
            sqlx::query(REMOVE_TOKEN).bind(hash.0.to_vec()).execute(&self.writer).await?;
            Ok(())
        })
    }

    fn remove_tokens<'a>(&'a self, name: &'a str) -> Reply<'a, u64> {
        Box::pin(async move {
            Ok(sqlx::query(REMOVE_TOKENS).bind(name).execute(&self.writer).await?.rows_affected())
        })
    }

    fn put_session(&self, session: Session) -> Reply<'_, ()> {
        Box::pin(async move {
            sqlx::query(PUT_SESSION)
                .bind(session.hash.0.to_vec())
                .bind(session.user)
                .bind(session.created_at.0)
                .bind(session.expires_at.0)
                .execute(&self.writer)
                .await?;
            Ok(())
        })
    }

    fn session(&self, hash: TokenHash) -> Reply<'_, Option<Session>> {
        Box::pin(async move {
            let row = sqlx::query(SESSION).bind(hash.0.to_vec()).fetch_optional(&self.reader).await?;
            row.as_ref().map(session).transpose()
        })
    }

    fn remove_session(&self, hash: TokenHash) -> Reply<'_, ()> {
        Box::pin(async move {
            sqlx::query(REMOVE_SESSION).bind(hash.0.to_vec()).execute(&self.writer).await?;
            Ok(())
        })
    }

    fn remove_sessions_of<'a>(&'a self, user: &'a str) -> Reply<'a, ()> {
        Box::pin(async move {
            sqlx::query(REMOVE_SESSIONS_OF).bind(user).execute(&self.writer).await?;
            Ok(())
        })
    }

    fn remove_expired_sessions(&self, at: Wall) -> Reply<'_, ()> {
        Box::pin(async move {
            sqlx::query(REMOVE_EXPIRED_SESSIONS).bind(at.0).execute(&self.writer).await?;
            Ok(())
        })
    }
}

fn user(row: &SqliteRow) -> Result<User, Error> {
    let row = Reading::of("users", "name", row)?;
    Ok(User {
        name: row.get("name")?,
        role: row.word("role", Role::parse)?,
        password: row.get("password")?,
        must_change: row.get("must_change")?,
        void_at: row.at_or_none("void_at")?,
        failures: u32::try_from(unsigned(row.get("failures")?)).unwrap_or(u32::MAX),
        locked_until: row.at_or_none("locked_until")?,
        created_at: row.at("created_at")?,
    })
}

fn token(row: &SqliteRow) -> Result<Token, Error> {
    let row = Reading::of("tokens", "name", row)?;
    Ok(Token {
        hash: hash(&row)?,
        name: row.get("name")?,
        role: row.word("role", Role::parse)?,
        scopes: Scopes(row.json_or_none("scopes")?),
        created_at: row.at("created_at")?,
        last_used_at: row.at_or_none("last_used_at")?,
    })
}

fn session(row: &SqliteRow) -> Result<Session, Error> {
    let row = Reading::of("sessions", "user", row)?;
    Ok(Session {
        hash: hash(&row)?,
        user: row.get("user")?,
        created_at: row.at("created_at")?,
        expires_at: row.at("expires_at")?,
    })
}

fn hash(row: &Reading<'_>) -> Result<TokenHash, Error> {
    let bytes: Vec<u8> = row.get("hash")?;
    bytes.try_into().map(TokenHash).map_err(|_| row.fault("hash", "expected 32 bytes"))
}
