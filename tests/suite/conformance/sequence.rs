//! The reference's sequence of 57 requests: indexes, CAS, tombstones, transactions, locks.

use serde_json::json;

use crate::harness::{Agent, RawHttp, Reply};

/// A connection on which rows are asked in order; what fails is named by its row.
struct Rows(RawHttp);

impl Rows {
    #[track_caller]
    fn ask(&mut self, row: u8, method: &str, path: &str, body: &str) -> Reply {
        let reply = self.0.ask(method, path, body);
        if method != "GET" || reply.status == 400 {
            assert!(
                reply.header("X-Consul-Index").is_none(),
                "row {row}: {reply:?}"
            );
        }
        reply
    }

    /// A read of what is there: its index.
    #[track_caller]
    fn found(&mut self, row: u8, path: &str) -> (serde_json::Value, u64) {
        let reply = self.ask(row, "GET", path, "");
        assert_eq!(reply.status, 200, "row {row}: {reply:?}");
        (reply.json(), reply.index())
    }

    /// A read of what is not there: its index.
    #[track_caller]
    fn missing(&mut self, row: u8, path: &str) -> u64 {
        let reply = self.ask(row, "GET", path, "");
        assert_eq!((reply.status, reply.text()), (404, ""), "row {row}");
        reply.index()
    }

    /// A write that was processed, whatever it says.
    #[track_caller]
    fn written(&mut self, row: u8, method: &str, path: &str, body: &str, says: &str) {
        let reply = self.ask(row, method, path, body);
        assert_eq!((reply.status, reply.text()), (200, says), "row {row}");
    }
}

fn number(value: &serde_json::Value, member: &str) -> u64 {
    value[0][member].as_u64().unwrap()
}

#[test]
fn the_sequence_of_the_reference_holds() {
    let agent = Agent::own();
    let mut rows = Rows(RawHttp::connect(&agent.address()));
    let (a2, a3) = creation_and_cas(&mut rows);
    let (b1, z1) = listings(&mut rows, a3);
    assert!(b1 > a2 && z1 > b1);
    let d2 = deletes(&mut rows, a3, b1, z1);
    transactions(&mut rows, d2);
    locks(&mut rows);
    refusals(&mut rows);
}

fn creation_and_cas(rows: &mut Rows) -> (u64, u64) {
    let (keys, t0) = rows.found(1, "/v1/kv/?keys");
    assert_eq!(keys, json!([]));
    assert_eq!(rows.missing(2, "/v1/kv/?recurse"), t0);
    assert_eq!(rows.missing(3, "/v1/kv/cf/a"), t0);
    rows.written(4, "PUT", "/v1/kv/cf/a", "one", "true");
    let (entry, a1) = rows.found(5, "/v1/kv/cf/a");
    assert_eq!(
        (number(&entry, "CreateIndex"), number(&entry, "ModifyIndex")),
        (a1, a1)
    );
    assert_eq!(rows.missing(6, "/v1/kv/cf/b"), a1);
    rows.written(7, "PUT", "/v1/kv/cf/a", "one", "true");
    let (entry, index) = rows.found(8, "/v1/kv/cf/a");
    assert_eq!((index, number(&entry, "ModifyIndex")), (a1, a1));
    rows.written(9, "PUT", "/v1/kv/cf/a?flags=7", "one", "true");
    let (entry, a2) = rows.found(10, "/v1/kv/cf/a");
    assert_eq!(
        (number(&entry, "Flags"), number(&entry, "CreateIndex")),
        (7, a1)
    );
    assert!(a2 > a1);
    rows.written(11, "PUT", "/v1/kv/cf/a?cas=0", "", "false");
    rows.written(12, "PUT", &format!("/v1/kv/cf/a?cas={a1}"), "", "false");
    rows.written(13, "PUT", &format!("/v1/kv/cf/a?cas={a2}"), "two", "true");
    let (entry, a3) = rows.found(14, "/v1/kv/cf/a");
    assert_eq!(number(&entry, "Flags"), 0);
    assert!(a3 > a2);
    rows.written(15, "PUT", "/v1/kv/cf/none?cas=1", "", "false");
    (a2, a3)
}

fn listings(rows: &mut Rows, a3: u64) -> (u64, u64) {
    rows.written(16, "PUT", "/v1/kv/cf/b?cas=0", "", "true");
    let (entry, b1) = rows.found(17, "/v1/kv/cf/b");
    assert!(entry[0]["Value"].is_null());
    let (entries, index) = rows.found(18, "/v1/kv/cf/?recurse");
    assert_eq!((entries.as_array().unwrap().len(), index), (2, b1));
    let (entries, index) = rows.found(19, "/v1/kv/cf/a?recurse");
    assert_eq!((entries.as_array().unwrap().len(), index), (1, a3));
    let raw = rows.ask(20, "GET", "/v1/kv/cf/b?raw", "").is(200, "");
    assert_eq!((raw.header("Content-Length"), raw.index()), (Some("0"), b1));
    assert_eq!(
        rows.found(21, "/v1/kv/cf?keys&separator=/"),
        (json!(["cf/"]), b1)
    );
    assert_eq!(
        rows.found(22, "/v1/kv/cf/?keys"),
        (json!(["cf/a", "cf/b"]), b1)
    );
    rows.written(23, "PUT", "/v1/kv/zz", "z", "true");
    let (_, z1) = rows.found(24, "/v1/kv/zz");
    assert_eq!(rows.found(25, "/v1/kv/cf/?keys").1, b1);
    assert_eq!(rows.missing(26, "/v1/kv/none?recurse"), z1);
    (b1, z1)
}

fn deletes(rows: &mut Rows, a3: u64, b1: u64, z1: u64) -> u64 {
    rows.written(27, "DELETE", "/v1/kv/cf/b?cas=0", "", "false");
    rows.written(28, "DELETE", &format!("/v1/kv/cf/b?cas={z1}"), "", "false");
    rows.written(29, "DELETE", "/v1/kv/cf/none?cas=5", "", "true");
    rows.written(30, "DELETE", "/v1/kv/cf/none", "", "true");
    assert_eq!(
        rows.found(31, "/v1/kv/?keys"),
        (json!(["cf/a", "cf/b", "zz"]), z1)
    );
    rows.written(32, "DELETE", &format!("/v1/kv/cf/b?cas={b1}"), "", "true");
    let d1 = rows.missing(33, "/v1/kv/cf/b");
    assert!(d1 > z1);
    assert_eq!(rows.found(34, "/v1/kv/cf/?keys"), (json!(["cf/a"]), d1));
    assert_eq!(rows.found(35, "/v1/kv/cf/a?recurse").1, a3);
    rows.written(36, "DELETE", "/v1/kv/cf?recurse", "", "true");
    let d2 = rows.missing(37, "/v1/kv/cf/a");
    assert!(d2 > d1);
    assert_eq!(rows.missing(38, "/v1/kv/cf?keys"), d2);
    // The older tombstone below `cf/` hides the newer one at `cf`.
    assert_eq!(rows.missing(39, "/v1/kv/cf/?keys"), d1);
    assert_eq!(rows.found(40, "/v1/kv/?keys"), (json!(["zz"]), d2));
    d2
}

fn transactions(rows: &mut Rows, d2: u64) {
    let two_sets = r#"[{"KV":{"Verb":"set","Key":"t/a","Value":"YQ=="}},
                       {"KV":{"Verb":"set","Key":"t/b","Value":"Yg=="}}]"#;
    let reply = rows.ask(41, "PUT", "/v1/txn", two_sets);
    assert_eq!(reply.status, 200, "{reply:?}");
    let results = reply.json()["Results"].clone();
    assert_eq!(
        results[0]["KV"]["ModifyIndex"],
        results[1]["KV"]["ModifyIndex"]
    );
    assert!(results[0]["KV"]["Value"].is_null());
    let (entries, x1) = rows.found(42, "/v1/kv/t/?recurse");
    assert_eq!(entries[0]["ModifyIndex"], entries[1]["ModifyIndex"]);
    assert!(x1 > d2);
    assert_eq!(rows.found(43, "/v1/kv/t/a").1, x1);
    let failing = r#"[{"KV":{"Verb":"set","Key":"t/a","Value":"eA=="}},
                      {"KV":{"Verb":"get","Key":"t/none"}}]"#;
    rows.ask(44, "PUT", "/v1/txn", failing).is(
        409,
        r#"{"Results":null,"Errors":[{"OpIndex":1,"What":"key \"t/none\" doesn't exist"}]}"#,
    );
    let raw = rows.ask(45, "GET", "/v1/kv/t/a?raw", "").is(200, "a");
    assert_eq!(raw.index(), x1);
    let tree = r#"[{"KV":{"Verb":"get-tree","Key":"none/"}}]"#;
    let reply = rows.ask(46, "PUT", "/v1/txn", tree);
    assert_eq!(reply.status, 200);
    let read = reply.json();
    assert_eq!(
        (&read["Results"], &read["Errors"]),
        (&json!([]), &json!(null))
    );
    assert_eq!(
        (&read["LastContact"], &read["KnownLeader"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(read["ConsistencyLevel"], json!(""));
    assert!(read["Index"].is_u64());
    let delete = r#"[{"KV":{"Verb":"delete","Key":"none"}}]"#;
    rows.ask(47, "PUT", "/v1/txn", delete)
        .is(200, r#"{"Results":[],"Errors":null}"#);
}

fn locks(rows: &mut Rows) {
    let session = rows.ask(48, "PUT", "/v1/session/create", "").json();
    let session = session["ID"].as_str().unwrap();
    rows.written(
        48,
        "PUT",
        &format!("/v1/kv/lk?acquire={session}"),
        "h",
        "true",
    );
    rows.written(49, "PUT", "/v1/kv/lk", "p", "true");
    let (entry, _) = rows.found(50, "/v1/kv/lk");
    assert_eq!(
        (&entry[0]["Session"], &entry[0]["LockIndex"]),
        (&json!(session), &json!(0))
    );
    rows.written(
        51,
        "PUT",
        &format!("/v1/kv/lk?release={session}"),
        "",
        "true",
    );
    let (entry, _) = rows.found(52, "/v1/kv/lk");
    assert_eq!(
        (entry[0].get("Session"), &entry[0]["Value"]),
        (None, &json!(null))
    );
    rows.written(
        53,
        "PUT",
        &format!("/v1/kv/lk?release={session}"),
        "",
        "false",
    );
}

fn refusals(rows: &mut Rows) {
    for (row, path, words) in [
        (54, "/v1/kv/cf/x?index=abc", "Invalid index"),
        (55, "/v1/kv/cf/x?wait=5", "Invalid wait time"),
        (
            56,
            "/v1/kv/cf/x?stale&consistent",
            "Cannot specify ?stale with ?consistent, conflicting semantics.",
        ),
        (57, "/v1/kv/", "Missing key name"),
    ] {
        rows.ask(row, "GET", path, "").is(400, words);
    }
}
