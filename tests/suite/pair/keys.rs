//! What may stand in the files, as the program tells it.

use crate::command::run;
use serde_json::Value;

#[test]
fn the_schema_tells_every_key_with_its_unit_and_its_default() {
    for (arguments, own, others) in [
        (&["config", "--schema"][..], &["ServerFile", "ClientFile"][..], &[][..]),
        (&["config", "--schema", "server"], &["ServerFile"], &["ClientFile"]),
        (&["config", "--schema", "client"], &["ClientFile"], &["ServerFile"]),
    ] {
        let (code, text, complaint) = run(arguments);
        assert_eq!((code, complaint.as_str()), (0, ""));
        let schema: Value = serde_json::from_str(&text).expect("it is JSON");
        for file in own {
            let keys = schema["$defs"][file]["properties"].as_object().expect("it has keys");
            assert!(keys.contains_key("protocol") && keys.contains_key("buffers"), "{keys:?}");
            assert!(keys.values().all(|key| key["description"].is_string()), "{keys:?}");
        }
        assert!(others.iter().all(|file| schema["$defs"][file].is_null()), "{arguments:?}");
    }
}
