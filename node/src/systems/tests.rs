//! Tables over all registers.
