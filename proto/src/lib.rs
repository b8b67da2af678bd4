//! The law of xietong.
