//! Rule Q3: operators held back for Priority.
//!
//! > A non-priority seat is offered only if more than `r` operators are ready (security: more than min(r, 1)). `r` is
//! > the least value in 0…r_max whose predicted share of Priority misses is ≤ 5 %.
//!
//! The prediction needs the live arrival rate, handling time, ring time and no-answer rate, which the dispatcher does not
//! measure yet. Without a prediction nobody is held back: Priority order alone is what the pool promises.

/// How many ready operators are kept for Priority.
pub fn reserve() -> u32 {
    0
}
