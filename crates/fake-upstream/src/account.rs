//! The people at the provider: an account name and the stable identities it has on the wire.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::personality::{Personality, Wire};

/// The account that signs in when nobody says otherwise.
pub(crate) const DEFAULT_ACCOUNT: &str = "ada";
/// The Slack workspace of everyone.
pub(crate) const SLACK_TEAM: &str = "T0FAKETEAM";
/// The Entra tenant of everyone.
pub(crate) const ENTRA_TENANT: &str = "4f1b6c02-9a55-4a5b-8a36-0d6a3f7e1c11";

/// The stable account id a client finds at the identity call of this personality.
pub(crate) fn account_id(personality: &Personality, account: &str) -> String {
    match personality.wire {
        Wire::GithubOauthApp | Wire::GithubApp => number(account).to_string(),
        Wire::Slack => format!("U{:010X}", number(account)),
        Wire::Atlassian => format!("557058:{:08x}", number(account)),
        Wire::Plain | Wire::Entra => format!("user-{account}"),
    }
}

/// A number that is the same for an account in every run.
pub(crate) fn number(account: &str) -> u32 {
    let digest = Sha256::digest(account.as_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// What userinfo and ID tokens say about an account.
pub(crate) fn claims(personality: &Personality, account: &str) -> Value {
    let id = account_id(personality, account);
    let email = email(account);
    match personality.wire {
        Wire::Entra => json!({
            "id": id, "sub": id, "oid": id, "tid": ENTRA_TENANT, "displayName": account,
            "mail": email, "userPrincipalName": email, "preferred_username": email,
        }),
        Wire::Atlassian => json!({"account_id": id, "name": account, "email": email}),
        Wire::GithubOauthApp | Wire::GithubApp => {
            json!({"id": number(account), "login": account, "name": account, "email": null, "type": "User"})
        }
        Wire::Slack => json!({
            "sub": id, "https://slack.com/user_id": id, "https://slack.com/team_id": SLACK_TEAM, "email": email,
        }),
        Wire::Plain => json!({
            "sub": id, "name": account, "preferred_username": account, "email": email, "email_verified": true,
        }),
    }
}

/// A mailbox nobody has.
fn email(account: &str) -> String {
    format!("{account}@example.test")
}
