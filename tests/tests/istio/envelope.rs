//! The fields of the Kubernetes objects around the patches: what Istio's API has, and nothing else.

use serde_json::Value;

/// What may stand somewhere in an object.
enum Shape {
    Text,
    Number,
    OneOf(&'static [&'static str]),
    List(&'static Shape),
    Fields(&'static [(&'static str, Shape)]),
    /// Names and values of the user's choice.
    Labels,
    /// Envoy's own configuration: checked by Envoy.
    Envoy,
}

use Shape::{Envoy, Fields, Labels, List, Number, OneOf, Text};

/// All that is wrong with a Kubernetes object.
pub fn check(document: &Value) -> Vec<String> {
    let kind = format!(
        "{} {}",
        document["apiVersion"].as_str().unwrap_or_default(),
        document["kind"].as_str().unwrap_or_default()
    );
    let Some((_, spec)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        return vec![format!("`{kind}` is no object that is known")];
    };
    let mut wrong = Vec::new();
    for (field, value) in document.as_object().into_iter().flatten() {
        match field.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => walk("metadata", value, &METADATA, &mut wrong),
            "spec" => walk("spec", value, spec, &mut wrong),
            _ => wrong.push(format!("{field}: unknown field")),
        }
    }
    wrong
}

fn walk(path: &str, value: &Value, shape: &Shape, wrong: &mut Vec<String>) {
    let expected = match (shape, value) {
        (Envoy, Value::Object(_)) | (Text, Value::String(_)) | (Number, Value::Number(_)) => return,
        (Labels, Value::Object(labels)) if labels.values().all(Value::is_string) => return,
        (OneOf(known), Value::String(name)) if known.contains(&name.as_str()) => return,
        (OneOf(known), _) => {
            wrong.push(format!("{path}: `{}` is none of {known:?}", value.as_str().unwrap_or_default()));
            return;
        }
        (List(item), Value::Array(items)) => {
            items.iter().enumerate().for_each(|(place, value)| walk(&format!("{path}[{place}]"), value, item, wrong));
            return;
        }
        (Fields(known), Value::Object(fields)) => {
            for (name, value) in fields {
                match known.iter().find(|(known, _)| known == name) {
                    Some((_, shape)) => walk(&format!("{path}.{name}"), value, shape, wrong),
                    None => wrong.push(format!("{path}.{name}: unknown field")),
                }
            }
            return;
        }
        (Text, _) => "a text",
        (Number, _) => "a number",
        (List(_), _) => "a list",
        (Fields(_) | Envoy, _) => "an object",
        (Labels, _) => "an object of texts",
    };
    wrong.push(format!("{path}: not {expected}"));
}

const KINDS: [(&str, Shape); 6] = [
    ("networking.istio.io/v1alpha3 EnvoyFilter", ENVOY_FILTER),
    ("networking.istio.io/v1 ServiceEntry", SERVICE_ENTRY),
    ("networking.istio.io/v1 DestinationRule", DESTINATION_RULE),
    ("networking.istio.io/v1 Gateway", ISTIO_GATEWAY),
    ("networking.istio.io/v1 VirtualService", VIRTUAL_SERVICE),
    ("gateway.networking.k8s.io/v1 Gateway", GATEWAY),
];

const METADATA: Shape = Fields(&[("name", Text), ("namespace", Text), ("labels", Labels), ("annotations", Labels)]);

// From istio/api, networking/v1alpha3/envoy_filter.proto.
const ENVOY_FILTER: Shape = Fields(&[
    ("workloadSelector", Fields(&[("labels", Labels)])),
    ("targetRefs", List(&Fields(&[("group", Text), ("kind", Text), ("name", Text), ("namespace", Text)]))),
    ("configPatches", List(&Fields(&[("applyTo", OneOf(&APPLY_TO)), ("match", MATCH), ("patch", PATCH)]))),
    ("priority", Number),
]);

const APPLY_TO: [&str; 12] = [
    "LISTENER",
    "FILTER_CHAIN",
    "NETWORK_FILTER",
    "HTTP_FILTER",
    "ROUTE_CONFIGURATION",
    "VIRTUAL_HOST",
    "HTTP_ROUTE",
    "CLUSTER",
    "EXTENSION_CONFIG",
    "BOOTSTRAP",
    "LISTENER_FILTER",
    "INVALID",
];

const MATCH: Shape = Fields(&[
    ("context", OneOf(&["ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY"])),
    ("proxy", Fields(&[("proxyVersion", Text), ("metadata", Labels)])),
    (
        "listener",
        Fields(&[
            ("portNumber", Number),
            ("portName", Text),
            ("name", Text),
            ("listenerFilter", Text),
            ("filterChain", FILTER_CHAIN),
        ]),
    ),
    (
        "routeConfiguration",
        Fields(&[
            ("portNumber", Number),
            ("portName", Text),
            ("gateway", Text),
            ("name", Text),
            ("vhost", VIRTUAL_HOST),
        ]),
    ),
    ("cluster", Fields(&[("portNumber", Number), ("service", Text), ("subset", Text), ("name", Text)])),
]);

const FILTER_CHAIN: Shape = Fields(&[
    ("name", Text),
    ("sni", Text),
    ("transportProtocol", Text),
    ("applicationProtocols", Text),
    ("destinationPort", Number),
    ("filter", Fields(&[("name", Text), ("subFilter", Fields(&[("name", Text)]))])),
]);

const VIRTUAL_HOST: Shape = Fields(&[
    ("name", Text),
    ("domainName", Text),
    ("route", Fields(&[("name", Text), ("action", OneOf(&["ANY", "ROUTE", "REDIRECT", "DIRECT_RESPONSE"]))])),
]);

const PATCH: Shape = Fields(&[
    ("operation", OneOf(&["MERGE", "ADD", "REMOVE", "INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "REPLACE"])),
    ("filterClass", OneOf(&["UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"])),
    ("value", Envoy),
]);

// From istio/api, networking/v1alpha3/service_entry.proto.
const SERVICE_ENTRY: Shape = Fields(&[
    ("hosts", List(&Text)),
    ("addresses", List(&Text)),
    ("ports", List(&Fields(&[("number", Number), ("protocol", Text), ("name", Text), ("targetPort", Number)]))),
    ("location", OneOf(&["MESH_EXTERNAL", "MESH_INTERNAL"])),
    ("resolution", OneOf(&["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"])),
    ("exportTo", List(&Text)),
    ("subjectAltNames", List(&Text)),
]);

// From istio/api, networking/v1alpha3/destination_rule.proto.
const DESTINATION_RULE: Shape = Fields(&[
    ("host", Text),
    ("exportTo", List(&Text)),
    (
        "trafficPolicy",
        Fields(&[
            (
                "connectionPool",
                Fields(&[(
                    "http",
                    Fields(&[("maxRetries", Number), ("http2MaxRequests", Number), ("idleTimeout", Text)]),
                )]),
            ),
            ("portLevelSettings", List(&Fields(&[("port", Fields(&[("number", Number)])), ("tls", TLS)]))),
        ]),
    ),
]);

const TLS: Shape = Fields(&[
    ("mode", OneOf(&["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"])),
    ("caCertificates", Text),
    ("credentialName", Text),
    ("subjectAltNames", List(&Text)),
    ("sni", Text),
]);

// From istio/api, networking/v1alpha3/gateway.proto and virtual_service.proto.
const ISTIO_GATEWAY: Shape = Fields(&[
    ("selector", Labels),
    (
        "servers",
        List(&Fields(&[
            ("port", Fields(&[("number", Number), ("protocol", Text), ("name", Text)])),
            ("hosts", List(&Text)),
            ("name", Text),
        ])),
    ),
]);

const VIRTUAL_SERVICE: Shape = Fields(&[
    ("hosts", List(&Text)),
    ("gateways", List(&Text)),
    (
        "http",
        List(&Fields(&[
            ("name", Text),
            (
                "route",
                List(&Fields(&[(
                    "destination",
                    Fields(&[("host", Text), ("subset", Text), ("port", Fields(&[("number", Number)]))]),
                )])),
            ),
        ])),
    ),
]);

// From kubernetes-sigs/gateway-api, apis/v1/gateway_types.go.
const GATEWAY: Shape = Fields(&[
    ("gatewayClassName", Text),
    ("listeners", List(&Fields(&[("name", Text), ("hostname", Text), ("port", Number), ("protocol", Text)]))),
]);
