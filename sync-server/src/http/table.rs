//! Every route that is no page of the console, with who may call it: data for the tests of rights and for the
//! OpenAPI file. A route that is not here fails a test.

use serde_json::{Value, json};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Anyone who reaches the server; what it does is counted or harmless.
    Anyone,
    /// A phone: token and proof of its key.
    Device,
    /// A phone that proves its key in the body, to get a token.
    Key,
    /// A program's token with this scope.
    Program(&'static str),
    /// A page that leads to signing in; acts carry the form's secret.
    SigningIn,
}

/// A route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// Who may call it.
    pub caller: Caller,
    /// What it is for.
    pub summary: &'static str,
}

const fn route(
    method: &'static str,
    path: &'static str,
    caller: Caller,
    summary: &'static str,
) -> Route {
    Route { method, path, caller, summary }
}

/// Every route but those of the console's pages.
pub const ROUTES: &[Route] = &[
    route("GET", "/v1/hello", Caller::Anyone, "versions, the server's time, limits"),
    route("POST", "/v1/enrol", Caller::Anyone, "a one-time code and a key for a token"),
    route("POST", "/v1/nonce", Caller::Anyone, "a number to sign when asking for a token"),
    route("POST", "/v1/token", Caller::Key, "a token, by proof of the device's key"),
    route("POST", "/v1/renew", Caller::Key, "a key of its own for a copied phone"),
    route("POST", "/v1/sync", Caller::Device, "push, then pull"),
    route("POST", "/v1/locate", Caller::Device, "the last entry in common"),
    route("POST", "/v1/heal", Caller::Device, "documents that differ"),
    route("GET", "/v1/bundle/{pid}/{n}", Caller::Device, "a partition as a file"),
    route("GET", "/v1/checklists/{sha256}", Caller::Device, "checklists that were published"),
    route("GET", "/v1/wait", Caller::Device, "until a partition grows"),
    route(
        "OPTIONS",
        "/v1/files",
        Caller::Device,
        "what of tus is spoken: version, extensions, largest file",
    ),
    route("POST", "/v1/files", Caller::Device, "announces a photo (tus creation)"),
    route("HEAD", "/v1/files/{upload}", Caller::Device, "how far an upload got"),
    route("PATCH", "/v1/files/{upload}", Caller::Device, "a piece of a photo, with its checksum"),
    route("POST", "/v1/files/{upload}", Caller::Device, "PATCH or HEAD by X-HTTP-Method-Override"),
    route(
        "GET",
        "/v1/photos/{sha256}",
        Caller::Device,
        "a photo of a record within rights, or a small one",
    ),
    route("GET", "/v1/audit", Caller::Program("audit"), "the trail of decisions"),
    route("GET", "/healthz", Caller::Anyone, "the process lives"),
    route("GET", "/readyz", Caller::Anyone, "the store answers"),
    route(
        "GET",
        "/v1/export/{file}",
        Caller::Program("export"),
        "places, visits, findings as a file",
    ),
    route("GET", "/metrics", Caller::Program("metrics"), "counters for the operator"),
];

/// Pages of the console that are there without a session; all others ask for one.
pub const OPEN_PAGES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/console"),
    ("GET", "/console/login"),
    ("POST", "/console/login"),
    ("POST", "/console/signin"),
    ("POST", "/console/logout"),
    ("GET", "/console/assets/{*file}"),
];

fn body(route: &Route) -> Option<Value> {
    let text = |name: &str| json!({ name: { "type": "string" } });
    let object = |properties: Value, required: Value| {
        json!({ "application/json": { "schema": {
            "type": "object", "properties": properties, "required": required,
        } } })
    };
    match (route.method, route.path) {
        ("POST", "/v1/enrol") => {
            let hex = |length: u32| json!({ "type": "string", "pattern": format!("^[0-9a-f]{{{length}}}$") });
            let key = json!({ "type": "string", "pattern": "^([0-9a-f]{64}|04[0-9a-f]{128})$" });
            let fields = json!({
                "code": { "type": "string" }, "install_id": hex(32), "author": hex(32),
                "public_key": key, "app": { "type": "string" },
            });
            Some(object(fields, json!(["code", "install_id", "author", "public_key"])))
        }
        ("POST", "/v1/token" | "/v1/renew") => {
            Some(object(text("assertion"), json!(["assertion"])))
        }
        ("POST", "/v1/nonce" | "/v1/files") => None,
        ("PATCH" | "POST", "/v1/files/{upload}") => {
            let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
            Some(json!({ "application/offset+octet-stream": bytes }))
        }
        ("POST", _) => {
            let frame = json!({ "schema": { "type": "string", "format": "binary" } });
            Some(json!({ "application/octet-stream": frame }))
        }
        _ => None,
    }
}

fn parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}'));
    let mut all: Vec<Value> = names
        .map(|name| {
            let schema = match name {
                "n" => json!({ "type": "integer", "minimum": 0 }),
                _ => json!({ "type": "string" }),
            };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect();
    let query = |name: &str, required: bool, kind: &str| json!({ "name": name, "in": "query", "required": required, "schema": { "type": kind } });
    match path {
        "/v1/wait" => all.push(query("pids", true, "string")),
        "/v1/photos/{sha256}" => all.push(query("size", false, "string")),
        "/v1/audit" => all.push(query("after", false, "integer")),
        "/v1/export/{file}" => {
            let names = ["grid", "kind", "list", "updated_after"];
            all.extend(names.map(|name| query(name, false, "string")));
        }
        _ => {}
    }
    all
}

/// The routes as an OpenAPI 3.1 document.
#[must_use]
pub fn openapi() -> Value {
    let mut paths = serde_json::Map::new();
    for route in ROUTES {
        let mut said = json!({
            "summary": route.summary,
            "parameters": parameters(route.path),
            "responses": {
                "200": { "description": "as asked" },
                "4XX": { "description": "a refusal with a stable code", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } }
                } },
                "503": { "description": "busy or full: come back after Retry-After" },
            },
        });
        match route.caller {
            Caller::Device => said["security"] = json!([{ "token": [], "proof": [] }]),
            Caller::Program(_) => said["security"] = json!([{ "program": [] }]),
            _ => {}
        }
        if let Some(content) = body(route) {
            said["requestBody"] = json!({ "required": true, "content": content });
        }
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        item[route.method.to_lowercase()] = said;
    }
    let refused = json!({ "type": "object", "required": ["code", "text"], "properties": {
        "code": { "type": "string" }, "text": { "type": "string" },
    } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "ironfeet-server", "version": "1" },
        "paths": paths,
        "components": {
            "schemas": { "Refusal": {
                "type": "object", "required": ["refused"], "properties": { "refused": refused },
            } },
            "securitySchemes": {
                "token": { "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "DPoP TOKEN (RFC 9449)" },
                "proof": { "type": "apiKey", "in": "header", "name": "DPoP" },
                "program": { "type": "http", "scheme": "bearer" },
            },
        },
    })
}
