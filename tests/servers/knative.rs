//! Knative Eventing itself: its configuration in a cluster of its own, and its webhooks and controllers as
//! processes beside the API server, with a kube-controller-manager that collects what has lost its owner.
//! What delivers events is not started but for the in-memory channel's dispatcher, which has its say in
//! whether Subscriptions are ready.
//!
//! Must not know what evctl does with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use super::kubernetes::Cluster;
use super::supervised::Supervised;
use super::{lookup, stubborn, waiting};

/// How long webhooks and controllers may take to answer; alone on two cores it is some five seconds.
const READY_LIMIT: Duration = Duration::from_mins(2);
const NAMESPACE: &str = "knative-eventing";

/// The cluster with Knative in it. The processes end before the cluster does.
pub(crate) struct Knative {
    pub(crate) processes: Vec<Supervised>,
    pub(crate) cluster: Cluster,
}

/// What one process is started with.
struct Process {
    program: &'static str,
    /// The service account that it is, which the webhooks look at.
    account: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// The name of its webhook, where it has one.
    webhook: Option<&'static str>,
}

const IMAGE: &str = "none: no pod is ever run";

const PROCESSES: &[Process] = &[
    Process {
        program: "knative-webhook",
        account: "eventing-webhook",
        variables: &[("SINK_BINDING_SELECTION_MODE", "inclusion")],
        webhook: Some("eventing-webhook"),
    },
    Process {
        program: "knative-in_memory-channel_controller",
        account: "imc-controller",
        variables: &[("DISPATCHER_IMAGE", IMAGE)],
        webhook: Some("inmemorychannel-webhook"),
    },
    Process {
        program: "knative-controller",
        account: "eventing-controller",
        variables: &[
            ("APISERVER_RA_IMAGE", IMAGE),
            ("AUTH_PROXY_IMAGE", IMAGE),
            ("EVENT_TRANSFORM_JSONATA_IMAGE", IMAGE),
            ("INTEGRATION_SOURCE_TIMER_IMAGE", IMAGE),
            ("INTEGRATION_SOURCE_AWS_S3_IMAGE", IMAGE),
            ("INTEGRATION_SOURCE_AWS_SQS_IMAGE", IMAGE),
            ("INTEGRATION_SOURCE_AWS_DDB_STREAMS_IMAGE", IMAGE),
            ("INTEGRATION_SINK_LOG_IMAGE", IMAGE),
            ("INTEGRATION_SINK_AWS_S3_IMAGE", IMAGE),
            ("INTEGRATION_SINK_AWS_SQS_IMAGE", IMAGE),
            ("INTEGRATION_SINK_AWS_SNS_IMAGE", IMAGE),
        ],
        webhook: None,
    },
    Process {
        program: "knative-mtchannel_broker",
        account: "eventing-controller",
        variables: &[],
        webhook: None,
    },
    Process {
        program: "knative-in_memory-channel_dispatcher",
        account: "imc-dispatcher",
        variables: &[
            ("CONTAINER_NAME", "dispatcher"),
            ("MAX_IDLE_CONNS", "100"),
            ("MAX_IDLE_CONNS_PER_HOST", "100"),
        ],
        webhook: None,
    },
];

/// The folders of the configuration, in the order of a release. What only says which pods to run is left
/// out, but for what readiness checks look for.
const FOLDERS: &[&str] = &[
    "core",
    "core/configmaps",
    "core/resources",
    "core/roles",
    "channels/in-memory-channel",
    "channels/in-memory-channel/configmaps",
    "channels/in-memory-channel/resources",
    "channels/in-memory-channel/roles",
    "brokers/mt-channel-broker/roles",
];
const LOOKED_FOR: &[&str] = &[
    "channels/in-memory-channel/deployments/dispatcher.yaml",
    "channels/in-memory-channel/deployments/dispatcher-service.yaml",
    "brokers/mt-channel-broker/deployments/broker-filter.yaml",
    "brokers/mt-channel-broker/deployments/broker-ingress.yaml",
];
const WEBHOOKS: &[&str] = &["core/webhooks", "channels/in-memory-channel/webhooks"];

impl Knative {
    /// The one of this test run, started when it is first asked for. Tests keep apart by `namespace`.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Knative> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    fn start() -> Self {
        let programs = lookup::knative().unwrap_or_else(|reason| panic!("{reason}"));
        let cluster = Cluster::start();
        install(&cluster, &programs.config);
        // The garbage collector finds new kinds every half minute, and those that are there at once.
        let mut processes = vec![cluster.start_controller_manager()];
        for process in PROCESSES {
            processes.push(process.start(&cluster, &programs.folder));
        }
        let mut knative = Self { processes, cluster };
        knative.wait_ready();
        knative
    }

    /// The ends of all logs, for the message of a failure.
    pub(crate) fn logs(&self) -> String {
        let logs: Vec<String> = self.processes.iter().map(Supervised::log_tail).collect();
        logs.join("\n---\n")
    }

    /// Ready is who defaults, as a webhook that has not registered yet lets everything pass (and a Channel
    /// that was not defaulted ends the controller). Controllers are waited for by whoever makes objects.
    fn wait_ready(&mut self) {
        let probe = ["eventing.knative.dev/v1/Broker", "messaging.knative.dev/v1/Channel"]
            .into_iter()
            .chain(["messaging.knative.dev/v1/InMemoryChannel"])
            .filter_map(|kind| kind.rsplit_once('/'))
            .map(|(version, kind)| {
                format!(
                    "---\napiVersion: {version}\nkind: {kind}\n\
                     metadata: {{name: probe, namespace: default}}\n"
                )
            })
            .collect::<String>();
        let arguments = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
        let mut last = String::new();
        let ready = waiting::until(READY_LIMIT, Duration::from_millis(200), || {
            let said = self.cluster.kubectl_stdin(&arguments, &probe);
            // Each of the three is marked with who made it.
            let defaulted = said.stdout.matches("knative.dev/creator").count();
            last = format!("{}{}", said.stdout, said.stderr);
            let ended = self.processes.iter_mut().any(|process| process.ended().is_some());
            (defaulted == 3 || ended).then_some(!ended)
        });
        if ready != Some(true) {
            panic!("Knative did not become ready: {last}\n{}", self.logs());
        }
    }
}

impl Process {
    fn start(&self, cluster: &Cluster, programs: &Path) -> Supervised {
        let user = format!("system:serviceaccount:{NAMESPACE}:{}", self.account);
        let kubeconfig = cluster.kubeconfig_as(&user, &["system:masters"]);
        let port = || stubborn::closed().port().to_string();
        let (probes, profiling, metrics) = (port(), port(), port());
        let webhook = self.webhook.map(|name| (name, webhook_port(cluster, name)));
        let mut variables = vec![
            ("SYSTEM_NAMESPACE", NAMESPACE),
            ("CONFIG_LOGGING_NAME", "config-logging"),
            ("CONFIG_OBSERVABILITY_NAME", "config-observability"),
            ("METRICS_DOMAIN", "knative.dev/eventing"),
            ("POD_NAME", self.program),
            ("CONTAINER_NAME", self.program),
            ("KNATIVE_HEALTH_PROBES_PORT", &probes),
            ("PROFILING_PORT", &profiling),
            ("METRICS_PROMETHEUS_PORT", &metrics),
        ];
        if let Some((name, port)) = &webhook {
            variables.extend([("WEBHOOK_NAME", *name), ("WEBHOOK_PORT", port.as_str())]);
        }
        variables.extend(self.variables);
        let arguments = [format!("-kubeconfig={}", kubeconfig.display())];
        let log = format!("{}.log", self.program);
        cluster.run(&programs.join(self.program), &arguments, &variables, &log)
    }
}

/// Where the API server has been told that the webhook is.
fn webhook_port(cluster: &Cluster, name: &str) -> String {
    let service = cluster.get("service", NAMESPACE, name).expect("the service was made");
    service["metadata"]["annotations"]["port"].as_str().expect("it says the port").to_owned()
}

/// Applies the configuration, in one go as far as it goes.
fn install(cluster: &Cluster, config: &Path) {
    let files: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|folder| manifests(&config.join(folder)))
        .chain(LOOKED_FOR.iter().map(|file| config.join(file)))
        .collect();
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let mut arguments = vec!["apply", "--server-side", "--output=name"];
    arguments.extend(names.iter().flat_map(|name| ["--filename", name]));
    cluster.kubectl(&arguments).expect_success();
    let ports: Vec<(&str, u16)> = PROCESSES
        .iter()
        .filter_map(|process| Some((process.webhook?, stubborn::closed().port())))
        .collect();
    let mut text = ready_checks();
    for (name, port) in &ports {
        text += &service(name, *port);
    }
    for file in WEBHOOKS.iter().flat_map(|folder| manifests(&config.join(folder))) {
        text += "---\n";
        text += &with_port(&fs::read_to_string(&file).expect("a manifest can be read"), &ports);
    }
    cluster.kubectl_stdin(&["apply", "--server-side", "-f", "-"], &text).expect_success();
    let available = r#"{"status": {"availableReplicas": 1, "readyReplicas": 1, "replicas": 1,
        "conditions": [{"type": "Available", "status": "True"}]}}"#;
    let dispatcher = ["patch", "deployment", "imc-dispatcher", "-n", NAMESPACE];
    let patch = ["--subresource=status", "--type=merge", "-p", available];
    cluster.kubectl(&[&dispatcher[..], &patch[..]].concat()).expect_success();
}

/// The YAML files of a folder that hold anything.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the configuration can be read");
    let files = entries.map(|entry| entry.expect("an entry can be read").path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    files
}

/// The webhook's service leads to this machine, and to the process's port.
fn service(name: &str, port: u16) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\n\
         metadata: {{name: {name}, namespace: {NAMESPACE}, annotations: {{port: \"{port}\"}}}}\n\
         spec: {{type: ExternalName, externalName: localhost}}\n"
    )
}

/// The webhook's configuration with the port of its process.
fn with_port(text: &str, ports: &[(&str, u16)]) -> String {
    let mut text = text.to_owned();
    for (name, port) in ports {
        let place = format!("      name: {name}\n      namespace: {NAMESPACE}\n");
        text = text.replace(&place, &format!("{place}      port: {port}\n"));
    }
    text
}

/// What the endpoint controller would say of pods that are well.
fn ready_checks() -> String {
    ["imc-dispatcher", "broker-filter", "broker-ingress"]
        .map(|name| {
            format!(
                "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
                 metadata: {{name: {name}, namespace: {NAMESPACE}, labels: \
                 {{kubernetes.io/service-name: {name}}}}}\naddressType: IPv4\n\
                 ports: [{{name: http, port: 8080, protocol: TCP}}]\n\
                 endpoints: [{{addresses: [10.1.2.3], conditions: {{ready: true}}}}]\n"
            )
        })
        .concat()
}
