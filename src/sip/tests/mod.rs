//! The stack as a whole, by situation.
mod calls;
mod fuzz;
mod inside;
mod races;
mod referring;
mod registering;
mod requests;
