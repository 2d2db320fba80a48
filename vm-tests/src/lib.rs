//! The lab, the checks and the comparisons.
