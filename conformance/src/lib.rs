//! The requirements as black-box tests over HTTP.
