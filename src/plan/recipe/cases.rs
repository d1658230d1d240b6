//! Recipes for small worlds, as people read them.

use super::*;
