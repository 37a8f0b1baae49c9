//! Details that are gone, with and without a reason on the record.

use super::*;

/// Records 1 to 3 are of one person and have details.
const FORGET: &str = "UPDATE records SET salt = NULL, details = NULL WHERE seq IN (1, 2, 3)";

async fn findings(book: &Book) -> Vec<String> {
    let report = book.verify(Vec::new()).await;
    report.findings.iter().map(ToString::to_string).collect()
}

fn erased(pseudonym: &str) -> Event {
    Event::new(EventKind::UserErased).user(pseudonym)
}

both_databases! {
    async fn va_06__only_a_later_erasure_of_that_person_explains_missing_details(book: Book) {
        let book = book.written().await;
        book.sql(FORGET);
        let unexplained = "record 1: the details beside the body were removed, as were those of 2 more about the same \
                           person, and no later user.erased says that the person was erased";
        assert_eq!(findings(&book).await, [unexplained]);
        book.note(erased("psn_2")).await;
        assert_eq!(findings(&book).await, [unexplained], "somebody else was erased");
        book.note(erased("psn_1")).await;
        assert_eq!(findings(&book).await, Vec::<String>::new());
    }

    async fn va_06__an_earlier_erasure_explains_nothing(book: Book) {
        book.note(erased("psn_1")).await;
        let book = book.written().await;
        assert_eq!(findings(&book).await, Vec::<String>::new());
        book.sql("UPDATE records SET salt = NULL, details = NULL WHERE seq = 3");
        let found = findings(&book).await;
        assert!(matches!(found.as_slice(), [only] if only.starts_with("record 3: ") && only.contains("no later user.erased")), "{found:?}");
    }

    async fn va_06__erasing_explains_no_details_that_say_something_else(book: Book) {
        let book = book.written().await;
        book.note(erased("psn_1")).await;
        for change in ["details = '{}'", "details = NULL", "salt = NULL, details = '{}'"] {
            book.sql(&format!("UPDATE records SET {change} WHERE seq = 2"));
            assert_eq!(findings(&book).await, ["record 2: the details beside the body were changed"], "{change}");
        }
    }
}
