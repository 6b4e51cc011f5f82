//! The wing where pixels live: decode, detect, plan, mask, encode.
//!
//! May import the hall ([`crate::geometry`], [`crate::config`], `crate::share`, `crate::interrupt`); never
//! [`crate::casework`] nor [`crate::cli`]. Raw pixels ([`frame::RawFrame`]) are readable in this wing only.

pub mod analysis;
pub mod appearance;
pub mod attack;
pub mod detect;
pub mod follow;
pub mod frame;
pub mod live;
pub mod mask;
pub mod pipeline;
pub mod plan;
pub mod scene;
pub mod sink;
pub mod source;
pub mod track;
pub mod warrant;
