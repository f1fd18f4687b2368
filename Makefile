# yardstick. `make` lists the targets.

# The race detector needs a C compiler; without one the tests run all the same.
RACE := $(if $(shell command -v $${CC:-gcc} || command -v cc),-race,)
DIR ?= yardstick-demo
FUNCTIONS := $(notdir $(patsubst %/,%,$(wildcard functions/*/)))

.PHONY: help run test race lint vet build fuzz golden clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## export a simulated yard into ./yardstick-demo, with progress
	go run ./cmd/yardstick demo --dir $(DIR)

test: ## every test, with the race detector where a C compiler is there
	go vet ./...
	go test $(RACE) -count=1 -timeout 300s ./...

lint: ## golangci-lint and govulncheck, installed pinned under .tools
	bash .ci/lint

build: ## the functions as Lambda runs them (arm64), under bin/
	@for f in $(FUNCTIONS); do \
	  CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -tags lambda.norpc -trimpath -buildvcs=false -ldflags='-s -w' \
	    -o bin/$$f/bootstrap ./functions/$$f && ls -l bin/$$f/bootstrap || exit 1; done

fuzz: ## each fuzz test for a few seconds (FUZZTIME=10s)
	bash .ci/fuzz $(or $(FUZZTIME),10s)

golden: ## write the golden files anew; look at the difference before you commit it
	go test ./... -run Golden -update

clean: ## remove what make made
	rm -rf bin .tools yardstick-demo
