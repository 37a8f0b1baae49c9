//! Wrong secrets in great number. Asked last: it may slow down everything else from here.

use super::checks;
use crate::exchange::GRANT;
use crate::target::Target;
use crate::verdict::{Checked, ensure};

checks![tok_2_3_06__guessing_a_secret_is_slowed_down];

/// RFC 6749 section 2.3.1; OAuth 2.1 section 7.11. Whether the comparison takes constant time is not measured.
async fn tok_2_3_06__guessing_a_secret_is_slowed_down(target: &Target) -> Checked {
    let id = &target.guessed()?.id;
    for attempt in 0..MOST {
        let guess = target.anonymous()?.basic(id, &format!("guess-number-{attempt}"));
        let answer = guess.request(&[("grant_type", GRANT)]).await?;
        if answer.is_slowed_down() {
            return Ok(());
        }
        answer.is_error("invalid_client")?;
    }
    ensure!(false, "{MOST} wrong secrets in a row were answered at once");
    Ok(())
}

/// More than anybody mistypes.
const MOST: usize = 200;
