//! Repositories of any size for the bench and for tests: the same parameters give the same bytes.
//! Every reference resolves, and validate has nothing above a note to say of it.
//! To add a kind, write its template and put it into `MIXED`. Knows nothing of evctl.

/// What the documents are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// Triggers of some 830 bytes; one document in a hundred is the Broker or Service that they name.
    Triggers,
    /// Every family, in blocks of ten documents that refer to each other.
    Mixed,
}

/// What to generate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repository {
    pub(crate) mix: Mix,
    pub(crate) documents: usize,
    /// How many documents a file holds.
    pub(crate) per_file: usize,
}

impl Mix {
    /// The mix of a name.
    pub(crate) fn named(name: &str) -> Self {
        if name == "triggers" { Self::Triggers } else { Self::Mixed }
    }
}

impl Repository {
    /// The files, as (name, text).
    pub(crate) fn files(self) -> Vec<(String, String)> {
        let numbers: Vec<usize> = (0..self.documents).collect();
        let file = |(at, chunk): (usize, &[usize])| {
            let documents: Vec<String> =
                chunk.iter().map(|number| self.document(*number)).collect();
            (format!("part-{at:05}.yaml"), documents.join("---\n"))
        };
        numbers.chunks(self.per_file.max(1)).enumerate().map(file).collect()
    }

    fn document(self, number: usize) -> String {
        match self.mix {
            Mix::Triggers => match number % 200 {
                0 => fill(BROKER, number, number / 200),
                1 => fill(SERVICE, number, number / 200),
                _ => fill(TRIGGER, number, number / 200),
            },
            Mix::Mixed => fill(MIXED[number % MIXED.len()], number, number / MIXED.len()),
        }
    }
}

/// A block of the mix. Its documents refer to each other by the number of the block.
const MIXED: &[&str] = &[
    BROKER,
    SERVICE,
    TRIGGER,
    CHANNEL,
    SUBSCRIPTION,
    TRIGGER,
    SEQUENCE,
    NATS_CHANNEL,
    NATS_SUBSCRIPTION,
    PING_SOURCE,
];

/// Puts the numbers in, and a text or two that depends on them, so that no two documents are alike.
fn fill(template: &str, number: usize, block: usize) -> String {
    let region = ["eu-central", "us-east", "ap-south"][spread(number) % 3];
    let event = ["created", "paid", "shipped", "cancelled", "refunded"][spread(number + 7) % 5];
    template
        .replace("NUMBER", &number.to_string())
        .replace("BLOCK", &block.to_string())
        .replace("REGION", region)
        .replace("EVENT", event)
}

/// A number that looks like chance and is none.
fn spread(number: usize) -> usize {
    let mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    usize::try_from(mixed % 1_000_003).unwrap_or_default()
}

const BROKER: &str = "\
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata:
  name: orders-BLOCK
  namespace: shop
  annotations:
    eventing.knative.dev/broker.class: MTChannelBasedBroker
spec:
  delivery:
    retry: 5
    backoffPolicy: exponential
    backoffDelay: PT0.2S
";

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: handler-BLOCK
  namespace: shop
  labels:
    app: handler
    region: REGION
spec:
  selector:
    app: handler
  ports:
    - name: http
      port: 80
      targetPort: 8080
";

const TRIGGER: &str = "\
# What happens to an order that was EVENT in REGION.
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: order-EVENT-NUMBER
  namespace: shop
  labels:
    app.kubernetes.io/part-of: shop
    app.kubernetes.io/managed-by: evctl
    region: REGION
  annotations:
    shop.example.com/owner: \"team-orders@example.com\"
spec:
  broker: orders-BLOCK
  filter:
    attributes:
      type: com.example.order.EVENT
      source: /shop/REGION/NUMBER
      region: REGION
  subscriber:
    ref:
      apiVersion: v1
      kind: Service
      name: handler-BLOCK
    uri: /orders/EVENT
  delivery:
    retry: 5
    backoffPolicy: exponential
    backoffDelay: PT0.5S
    timeout: PT10S
    deadLetterSink:
      ref:
        apiVersion: v1
        kind: Service
        name: handler-BLOCK
      uri: /dead-letters
";

const CHANNEL: &str = "\
apiVersion: messaging.knative.dev/v1
kind: Channel
metadata:
  name: audit-BLOCK
  namespace: shop
spec:
  channelTemplate:
    apiVersion: messaging.knative.dev/v1alpha1
    kind: NatsJetStreamChannel
    spec:
      stream:
        config:
          retention: Limits
          maxBytes: 1073741824
          maxAge: 72h
          storage: File
          replicas: 3
";

const SUBSCRIPTION: &str = "\
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata:
  name: audit-NUMBER
  namespace: shop
spec:
  channel:
    apiVersion: messaging.knative.dev/v1
    kind: Channel
    name: audit-BLOCK
  subscriber:
    ref:
      apiVersion: v1
      kind: Service
      name: handler-BLOCK
    uri: /audit
  delivery:
    retry: 3
    backoffPolicy: linear
    backoffDelay: PT1S
    deadLetterSink:
      uri: http://dead-letters.shop.svc.cluster.local/audit
";

const SEQUENCE: &str = "\
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata:
  name: checkout-BLOCK
  namespace: shop
spec:
  channelTemplate:
    apiVersion: messaging.knative.dev/v1
    kind: InMemoryChannel
  steps:
    - ref:
        apiVersion: v1
        kind: Service
        name: handler-BLOCK
      uri: /reserve
    - ref:
        apiVersion: v1
        kind: Service
        name: handler-BLOCK
      uri: /charge
  reply:
    ref:
      apiVersion: eventing.knative.dev/v1
      kind: Broker
      name: orders-BLOCK
";

const NATS_CHANNEL: &str = "\
apiVersion: messaging.knative.dev/v1alpha1
kind: NatsJetStreamChannel
metadata:
  name: ledger-BLOCK
  namespace: shop
spec:
  stream:
    config: {retention: Limits, maxMsgs: 1000000, discard: Old, storage: File, replicas: 3}
  consumerConfigTemplate:
    deliverPolicy: All
    ackWait: 30s
";

const NATS_SUBSCRIPTION: &str = "\
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata:
  name: ledger-NUMBER
  namespace: shop
spec:
  channel:
    apiVersion: messaging.knative.dev/v1alpha1
    kind: NatsJetStreamChannel
    name: ledger-BLOCK
  subscriber:
    ref: {apiVersion: v1, kind: Service, name: handler-BLOCK}
  reply:
    uri: http://ledger.shop.svc.cluster.local/replies
  delivery: {retry: 3, backoffPolicy: linear, backoffDelay: PT1S}
";

const PING_SOURCE: &str = "\
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata:
  name: heartbeat-NUMBER
  namespace: shop
spec:
  schedule: '*/2 * * * *'
  timezone: Europe/Berlin
  contentType: application/json
  data: '{\"block\": BLOCK}'
  sink:
    ref:
      apiVersion: eventing.knative.dev/v1
      kind: Broker
      name: orders-BLOCK
";
