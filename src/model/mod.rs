//! What a user writes: YAML documents read into located trees, and typed by their kind, one file
//! per API family. Loading never stops at the first error: it returns what it could read and all
//! that it found wrong. Knows nothing of how objects refer to each other, nor of any server.

pub mod assumed;
pub mod cesql;
pub mod config_maps;
pub mod credentials;
pub mod cron;
pub mod decode;
pub mod derived;
mod document;
pub mod duration;
pub mod envelope;
pub mod event;
pub mod foreign;
pub mod hashed;
pub mod hidden;
pub mod input;
pub mod kinds;
pub mod knative;
pub mod kustomization;
pub mod list;
pub mod load;
pub mod manifest;
mod mapping;
pub mod nack;
pub mod natsjs;
pub mod number;
pub mod object;
pub mod object_model;
pub mod openfunction;
pub mod origin;
pub mod parallel;
pub mod path;
pub mod project;
pub mod quantity;
pub mod reading;
pub mod schema;
pub mod shape;
pub mod text;
pub mod timezone;
pub mod yaml;

pub use assumed::Assumed;
pub use input::{How, Input};
pub use load::{Loaded, load};
pub use manifest::Manifest;
pub use object::ObjectKey;
pub use path::Path;
