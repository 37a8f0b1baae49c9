use super::*;

/// Made by the key of the seed 0x01 … 0x01, as in the examples of C2SP.
fn key(kind: u8) -> String {
    note::key_text("witness.example/w1", kind, &[1; 32])
}

#[test]
fn c2sp_tlog_cosignature__what_is_no_key_of_a_witness() {
    let good = key(COSIGNATURE);
    assert_eq!(good.parse::<WitnessKey>().unwrap().to_string(), good);
    let other_id = good.replacen('+', "+0", 1);
    let upper = good.to_uppercase();
    let short = good[..good.len() - 4].to_owned();
    let unnamed = good.replacen("witness.example/w1", "", 1);
    for text in [
        key(1),
        other_id,
        upper,
        short,
        unnamed,
        String::new(),
        "a+b".to_owned(),
    ] {
        assert_eq!(text.parse::<WitnessKey>(), Err(NoWitnessKey), "{text}");
    }
}
