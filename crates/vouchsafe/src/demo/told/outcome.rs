//! What an exchange should have come to.

use crate::demo::parties::Exchanged;
use crate::demo::story::{Problem, Story, must, shortened};

pub(super) fn asked(exchanged: Exchanged) -> Result<(String, url::Url), Problem> {
    match exchanged {
        Exchanged::Ask {
            reason,
            interaction_uri,
            ..
        } => Ok((reason, interaction_uri)),
        Exchanged::Token { .. } => Err(Problem::new(
            "a token was released where a person had to be asked",
        )),
        Exchanged::Refused { status, body } => {
            Err(Problem::new(format!("the exchange was refused: {status} {body}")))
        }
    }
}

pub(super) fn released(exchanged: Exchanged, story: &mut Story<'_>) -> Result<String, Problem> {
    match exchanged {
        Exchanged::Token {
            access_token,
            expires_in,
            scope,
            record,
        } => {
            let life = expires_in.map_or_else(
                || "without end".to_owned(),
                |seconds| format!("for {seconds} seconds"),
            );
            story.value(
                "token",
                format_args!(
                    "{}, {life}, scope {}",
                    shortened(&access_token),
                    scope.unwrap_or_default()
                ),
            );
            must(!record.is_empty(), "the answer names no record")?;
            let (id, leaf) = record.split_once("; leaf=").unwrap_or((&record, ""));
            story.value("on the record", format_args!("{id}, leaf {}", shortened(leaf)));
            Ok(access_token)
        }
        Exchanged::Ask { reason, .. } => Err(Problem::new(format!(
            "a person was asked ({reason}) where a token was due"
        ))),
        Exchanged::Refused { status, body } => {
            Err(Problem::new(format!("the exchange was refused: {status} {body}")))
        }
    }
}
