//! The items of a page of a LIST, each turned into what is kept of it before the next is read: a page is large as
//! values. Must not know what is kept.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::world::item::Item;

/// What is kept of every item, of which there are hardly more than `most`.
///
/// # Errors
/// The page is not a list of objects, or not whole.
pub(super) fn items<Kept>(
    page: &str,
    most: usize,
    mut keep: impl FnMut(Item) -> Kept,
) -> Result<Vec<Kept>, serde_json::Error> {
    let (mut kept, mut from) = (Vec::with_capacity(most), serde_json::Deserializer::from_str(page));
    from.deserialize_map(Page(|item| kept.push(keep(item))))?;
    from.end()?;
    Ok(kept)
}

/// A page, as far as its items.
struct Page<Take>(Take);

impl<'de, Take: FnMut(Item)> Visitor<'de> for Page<Take> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut is_list = false;
        while let Some(name) = map.next_key::<String>()? {
            if name == "items" {
                is_list = true;
                map.next_value_seed(Items(&mut self.0))?;
            } else {
                let _: IgnoredAny = map.next_value()?;
            }
        }
        if is_list { Ok(()) } else { Err(A::Error::missing_field("items")) }
    }
}

struct Items<'a, Take>(&'a mut Take);

impl<'de, Take: FnMut(Item)> DeserializeSeed<'de> for Items<'_, Take> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, Take: FnMut(Item)> Visitor<'de> for Items<'_, Take> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            (self.0)(item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(page: &str, names: Option<&[&str]>) {
        let name = |item: super::Item| item.metadata("name").unwrap().to_owned();
        let read = super::items(page, 1, name).ok();
        assert_eq!(
            read.as_deref(),
            names.map(|all| all.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).as_deref(),
            "{page}"
        );
    }

    #[test]
    fn a_page_is_read_whole_or_not_at_all() {
        let (a, b) = (r#"{"metadata": {"name": "a"}}"#, r#"{"metadata": {"name": "b"}}"#);
        check(
            &format!(r#"{{"kind": "L", "items": [{a}, {b}], "metadata": {{}}}}"#),
            Some(&["a", "b"]),
        );
        check(r#"{"items": []}"#, Some(&[]));
        check(&format!(r#"{{"items": [{a}, {b}]"#), None);
        check(&format!(r#"{{"items": [{a}, "#), None);
        check(&format!(r#"{{"items": [{a}]}}{{"#), None);
        check(r#"{"items": [1]}"#, None);
        check("[]", None);
        check("{}", None);
        check(r#"{"items": null}"#, None);
        check("", None);
    }
}
