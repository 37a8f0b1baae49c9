//! Lower-case hexadecimal, for hashes in bodies, exports and checkpoints.

pub(crate) fn encode(bytes: &[u8]) -> String {
    const_hex::encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    // The library would let a `0x` in front pass.
    let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| const_hex::decode(text).ok())?
}

pub(crate) fn decode_32(text: &str) -> Option<[u8; 32]> {
    decode(text)?.try_into().ok()
}
