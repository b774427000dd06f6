//! A validator of the part of JSON Schema (draft 2020-12) that `docs/schema` is written in.
//!
//! It is stricter than the standard in two ways: a member of an object that no schema names is an error,
//! and so is a keyword that it does not know, which would pass unchecked. A crate for the whole standard
//! brings 30 more crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

/// The draft that every schema names.
pub const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// All schemas by the name of their file.
#[derive(Clone)]
pub struct Schemas(pub BTreeMap<String, Value>);

/// The places of schemas that a document has met: `entry.json/properties/key`.
pub type Met = BTreeSet<String>;

impl Schemas {
    /// Reads `docs/schema`.
    pub fn read(folder: &Path) -> Self {
        let mut schemas = BTreeMap::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap();
            let text = std::fs::read_to_string(file.path()).unwrap();
            let schema: Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
            assert_eq!(schema["$schema"], DRAFT, "{file:?}");
            assert!(schema["title"].is_string(), "{file:?}");
            schemas.insert(file.file_name().into_string().unwrap(), schema);
        }
        Schemas(schemas)
    }

    /// Checks a document, and returns the places that it has met.
    ///
    /// # Errors
    /// With the place in the document, and what is wrong there.
    pub fn check(&self, file: &str, document: &Value) -> Result<Met, String> {
        let mut met = Met::new();
        self.check_at(file, &self.0[file], "", document, &mut met)
            .map_err(|what| format!("{file}: {what}"))?;
        Ok(met)
    }

    /// The places of all members and alternatives, which some document has to meet.
    pub fn places(&self) -> Met {
        let mut places = Met::new();
        for (file, schema) in &self.0 {
            collect(file, schema, &mut places);
        }
        places
    }

    /// The schema at a place.
    pub fn at_mut(&mut self, place: &str) -> &mut Value {
        let (file, pointer) = place.split_once('/').unwrap();
        let schema = self.0.get_mut(file).unwrap();
        schema.pointer_mut(&format!("/{pointer}")).unwrap()
    }

    fn check_at(
        &self,
        place: &str,
        schema: &Value,
        at: &str,
        value: &Value,
        met: &mut Met,
    ) -> Result<(), String> {
        met.insert(place.to_owned());
        let keywords = schema.as_object().expect("a schema is an object");
        for (keyword, rule) in keywords {
            let fits = match &**keyword {
                // Members are checked below.
                "$schema"
                | "$defs"
                | "title"
                | "description"
                | "properties"
                | "additionalProperties" => true,
                "$ref" => {
                    let (place, schema) = self.resolve(place, rule.as_str().unwrap());
                    self.check_at(&place, schema, at, value, met)?;
                    true
                }
                "type" => types(rule).iter().any(|name| is_of_type(value, name)),
                "const" => value == rule,
                "enum" => rule.as_array().unwrap().contains(value),
                "minimum" => value.is_null() || value.as_f64() >= rule.as_f64(),
                "items" => {
                    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                        let at = format!("{at}/{number}");
                        self.check_at(&format!("{place}/items"), rule, &at, item, met)?;
                    }
                    true
                }
                "required" => {
                    let missing = |name: &&Value| {
                        let members = value.as_object();
                        members.is_some_and(|members| !members.contains_key(name.as_str().unwrap()))
                    };
                    let missing = rule.as_array().unwrap().iter().find(missing);
                    if let Some(name) = missing {
                        return Err(format!("{at}: no member {name} in {value}"));
                    }
                    true
                }
                "oneOf" => {
                    let mut fitting = Vec::new();
                    let mut errors = Vec::new();
                    for (number, rule) in rule.as_array().unwrap().iter().enumerate() {
                        let mut inner = Met::new();
                        let place = format!("{place}/oneOf/{number}");
                        match self.check_at(&place, rule, at, value, &mut inner) {
                            Ok(()) => fitting.push(inner),
                            Err(error) => errors.push(error),
                        }
                    }
                    match &mut fitting[..] {
                        [one] => met.append(one),
                        [] => return Err(errors.join("; ")),
                        _ => return Err(format!("{at}: fits several alternatives: {value}")),
                    }
                    true
                }
                other => panic!("{place}: the keyword {other} is not known here"),
            };
            if !fits {
                return Err(format!("{at}: {keyword} is {rule}, and not {value}"));
            }
        }
        self.check_members(place, keywords, at, value, met)
    }

    fn check_members(
        &self,
        place: &str,
        keywords: &Map<String, Value>,
        at: &str,
        value: &Value,
        met: &mut Met,
    ) -> Result<(), String> {
        let properties = keywords.get("properties").and_then(Value::as_object);
        let additional = keywords.get("additionalProperties");
        if properties.is_none() && additional.is_none() {
            return Ok(());
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            let known = properties.and_then(|properties| properties.get(name));
            match (known, additional) {
                (Some(rule), _) => {
                    let place = format!("{place}/properties/{name}");
                    self.check_at(&place, rule, &at, member, met)?;
                }
                (None, Some(rule)) => {
                    let place = format!("{place}/additionalProperties");
                    self.check_at(&place, rule, &at, member, met)?;
                }
                (None, None) => return Err(format!("{at}: a member that is not documented")),
            }
        }
        Ok(())
    }

    /// The schema that a reference names, and its place: `entry.json`, `#/$defs/entry`.
    fn resolve(&self, from: &str, reference: &str) -> (String, &Value) {
        let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let file = match file {
            "" => from.split('/').next().unwrap(),
            file => file,
        };
        let schema = self.0.get(file).and_then(|schema| schema.pointer(pointer));
        let schema = schema.unwrap_or_else(|| panic!("{from}: {reference} leads nowhere"));
        (format!("{file}{pointer}"), schema)
    }
}

fn collect(place: &str, schema: &Value, places: &mut Met) {
    let Some(keywords) = schema.as_object() else {
        return;
    };
    for (keyword, rule) in keywords {
        let below = match (&**keyword, rule) {
            ("properties" | "$defs", Value::Object(members)) => members
                .iter()
                .map(|(name, rule)| (format!("{place}/{keyword}/{name}"), rule))
                .collect(),
            ("oneOf", Value::Array(rules)) => {
                let numbered = rules.iter().enumerate();
                numbered
                    .map(|(number, rule)| (format!("{place}/oneOf/{number}"), rule))
                    .collect()
            }
            ("items" | "additionalProperties", rule) => vec![(format!("{place}/{keyword}"), rule)],
            _ => Vec::new(),
        };
        for (place, rule) in below {
            collect(&place, rule, places);
            places.insert(place);
        }
    }
}

fn types(rule: &Value) -> Vec<&str> {
    match rule {
        Value::String(name) => vec![name],
        names => names
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect(),
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("no type is named {other}"),
    }
}
