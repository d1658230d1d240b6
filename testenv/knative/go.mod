module evctl.dev/testenv/knative

go 1.26.8

require knative.dev/eventing v0.50.0 // indirect
