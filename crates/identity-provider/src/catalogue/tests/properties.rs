//! Whatever comes, nothing breaks and no empty token appears.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{NOW, generic_oauth2, scope, shipped};
use crate::catalogue::{Entry, IdentitySource, UpstreamAnswer};

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let names = [
        "github-oauth-app",
        "github-app",
        "google",
        "slack",
        "microsoft-entra",
        "atlassian",
        "dropbox",
    ];
    names.into_iter().map(shipped).chain([generic_oauth2()]).collect()
});

/// Reads the body as every kind of answer, with every entry.
fn read_everywhere(status: u16, retry_after: Option<&str>, body: &[u8]) {
    for entry in ENTRIES.iter() {
        let answer = UpstreamAnswer {
            status,
            content_type: None,
            retry_after: retry_after.map(str::to_owned),
            body,
        };
        if let Ok(read) = entry.read_token_answer(&answer, NOW, &scope("a user:b")) {
            assert!(!read.parts.is_empty());
            for part in read.parts {
                assert!(!part.access_token.expose().trim().is_empty());
                assert!(
                    part.refresh_token
                        .is_none_or(|token| !token.expose().trim().is_empty())
                );
                assert!(part.expires_at.is_none_or(|end| end > NOW));
            }
        }
        for part in ["", "bot", "user"] {
            let refused = entry
                .read_refresh_answer(&answer, NOW, &scope("a user:b"), part)
                .err();
            if let Some(kept) = refused.and_then(|refused| refused.refresh_token) {
                assert!((200..300).contains(&status));
                assert!(!kept.token.expose().trim().is_empty());
            }
        }
        let _ = entry.read_revoke_answer(&answer);
        if let Ok(account) = entry.read_identity(IdentitySource::Userinfo(answer)) {
            assert!(!account.account_id.is_empty());
        }
    }
}

/// Bodies close to real ones.
fn bodies() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "access_token",
        "refresh_token",
        "expires_in",
        "token_type",
        "scope",
        "error",
        "ok",
        "authed_user",
        "id",
        "refresh_token_expires_in",
        "error_codes",
        "retry_after",
        "team",
    ]);
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("\"\"".to_owned()),
        Just("\"bearer\"".to_owned()),
        Just("\"bot\"".to_owned()),
        Just("\"user\"".to_owned()),
        Just("false".to_owned()),
        Just("{\"id\":\"U1\",\"access_token\":\"x\",\"token_type\":\"user\"}".to_owned()),
        Just("[\"a\",1,null]".to_owned()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("text")),
    ];
    prop::collection::vec((name, value), 0..8).prop_map(|members| {
        let members: Vec<String> = members
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn up_09__arbitrary_bytes_never_panic(
        status in 0_u16..700,
        retry_after in proptest::option::of(any::<String>()),
        body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        read_everywhere(status, retry_after.as_deref(), &body);
    }

    #[test]
    fn up_09__nearly_good_answers_never_yield_an_empty_token(body in bodies()) {
        read_everywhere(200, None, body.as_bytes());
    }

    #[test]
    fn forms_never_yield_an_empty_token(token in "[ +%0-9a-z]{0,6}", kind in "(bearer)?") {
        read_everywhere(200, None, format!("access_token={token}&token_type={kind}").as_bytes());
    }
}
