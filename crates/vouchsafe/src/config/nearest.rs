//! "Did you mean".

/// The known word that somebody most likely meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let likeness = strsim::jaro_winkler(&word, &candidate.to_lowercase());
            (candidate, likeness)
        })
        .filter(|(_, likeness)| *likeness >= ALIKE)
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(candidate, _)| candidate)
}

/// From here on two words look like one mistyped.
const ALIKE: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_nothing_is_made_up() {
        let known = ["issuer", "listen", "trusted_proxies", "database"];
        assert_eq!(nearest("isuer", known), Some("issuer"));
        assert_eq!(nearest("Listen", known), Some("listen"));
        assert_eq!(nearest("trusted-proxy", known), Some("trusted_proxies"));
        assert_eq!(nearest("colour", known), None);
    }
}
