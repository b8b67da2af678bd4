//! A node of xietong.
