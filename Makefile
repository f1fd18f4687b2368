# yardstick. `make` lists the targets.

# The race detector needs a C compiler; without one the tests run all the same.
RACE := $(if $(shell command -v $${CC:-gcc} || command -v cc),-race,)
DIR ?= yardstick-demo

# The functions by their names in template.yaml, and the folder of each under functions/.
FUNCTIONS := ScrapRightExport ScrunchExport RotateSession VerifyKey TriggerExport
folder_ScrapRightExport := scrapright-export
folder_ScrunchExport := scrunch-export
folder_RotateSession := rotate-session
folder_VerifyKey := verify-key
folder_TriggerExport := trigger-export
recipes := $(FUNCTIONS:%=build-%)

# What the functions are built for: Architectures in template.yaml. `make GOARCH=amd64 build-...` builds for another
# machine. Nothing else here is built for it.
GOOS := linux
GOARCH := arm64
unexport GOOS GOARCH

# The AWS SAM CLI and cfn-lint, in a virtual environment that is there once its last file is.
sam_version := 1.170.0
cfn_lint_version := 1.58.0
sam_venv := .tools/venv-sam
sam_ready := $(sam_venv)/sam-$(sam_version)-cfn-lint-$(cfn_lint_version)
# Without the second variable `sam build` stumbles over Fn::ForEach; what it writes has it as it was.
sam := SAM_CLI_TELEMETRY=0 $(sam_venv)/bin/sam

# The stack that is deployed: stack_name in samconfig.toml.
STACK ?= yardstick

# Where sam-build writes to. samconfig.toml deploys what lies in this folder.
BUILD_DIR ?= .aws-sam/build

.PHONY: help run test lint build compile $(recipes) venv validate sam-build deploy logs delete e2e bench fuzz golden clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "%-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## export a simulated yard into ./yardstick-demo, with progress
	go run ./cmd/yardstick demo --dir $(DIR)

test: ## every test, with the race detector where a C compiler is there
	go vet ./...
	go test $(RACE) -count=1 -timeout 600s ./...

lint: ## golangci-lint and govulncheck, installed pinned under .tools
	bash .ci/lint

build: compile ## the functions as Lambda runs them (arm64), under bin/; needs nothing but Go
	@for f in $(foreach f,$(FUNCTIONS),$(f):$(folder_$(f))); do \
	  $(MAKE) --no-print-directory build-$${f%:*} ARTIFACTS_DIR=bin/$${f#*:} || exit 1; done
	@ls -l bin/*/bootstrap

compile:
	go build ./...
	go vet ./...

# The one recipe for a function's bootstrap. SAM's makefile builder runs it too, with ARTIFACTS_DIR in the environment.
$(recipes): build-%:
	$(if $(ARTIFACTS_DIR),,$(error ARTIFACTS_DIR is not set: the folder that the bootstrap goes to))
	CGO_ENABLED=0 GOOS=$(GOOS) GOARCH=$(GOARCH) go build -tags lambda.norpc -trimpath -buildvcs=false -ldflags='-s -w' \
	  -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/$(folder_$*)

venv: $(sam_ready) ## the SAM CLI and cfn-lint, pinned, under .tools; needs python3

$(sam_ready):
	@echo "installing aws-sam-cli $(sam_version) (a minute or more, once)"
	rm -rf $(sam_venv)
	python3 -m venv $(sam_venv)
	$(sam_venv)/bin/python -m pip install --quiet --disable-pip-version-check \
	  aws-sam-cli==$(sam_version) cfn-lint==$(cfn_lint_version)
	touch $@

validate: ## the gate of template.yaml: SAM's validation, cfn-lint, a build, the template test
	bash .ci/template

sam-build: compile venv ## the functions and the template for a deployment, under .aws-sam
	$(sam) build --build-dir $(BUILD_DIR)

deploy: parameters.yaml sam-build ## sam deploy with the parameters in parameters.yaml
	$(sam) deploy

logs: ## follow the logs of the stack's functions (F=scrapright-export: of one; STACK=yardstick)
	$(if $(F),$(if $(strip $(logged)),,$(error F is $(F), expected one of $(foreach f,$(FUNCTIONS),$(folder_$(f))))))
	@$(MAKE) --no-print-directory venv
	$(sam) logs --stack-name $(STACK) $(addprefix --name ,$(logged)) --tail

logged = $(foreach f,$(FUNCTIONS),$(if $(filter $(F),$(folder_$(f))),$(f)))

delete: venv ## delete the stack, after asking; bucket and secrets stay, and it says how to remove them (STACK=yardstick)
	$(sam) delete --stack-name $(STACK)
	@echo "$$stays"

export define stays

Where the stack was deleted: bucket and secrets stay, with all that is in them. parameters.yaml with NewBucket: 'no' and
NewSecrets: 'no' makes a stack that goes on with them. To remove them for good, in bash with the AWS CLI:

  bucket=<BucketName>
  # every version of every object, a thousand at a time
  query='{Quiet: `true`, Objects: [Versions, DeleteMarkers][].{Key: Key, VersionId: VersionId}}'
  while versions=$$(aws s3api list-object-versions --bucket "$$bucket" --no-paginate --output json --query "$$query") &&
      [[ $$versions == *VersionId* ]]; do
    aws s3api delete-objects --bucket "$$bucket" --delete "$$versions" || break
  done
  aws s3api delete-bucket --bucket "$$bucket"

  # a secret can be restored for 30 days
  for secret in $$(aws secretsmanager list-secrets --filters Key=name,Values=yardstick/ --query 'SecretList[].Name' --output text); do
    aws secretsmanager delete-secret --secret-id "$$secret"
  done
endef

e2e: ## the stack on an AWS emulator, against simulated vendors: deploy, export, webhook, backfill, rotate, update, delete
	bash .ci/e2e

bench: ## exports beside the floor, dlt and the Airbyte CDK: time, CPU, memory (BENCH='--quick', '--check'; --help)
	@bash .ci/bench $(BENCH)

parameters.yaml:
	$(error there is no $@, which says what to deploy; docs/operations.md has one to begin with)

fuzz: ## each fuzz test for a few seconds (FUZZTIME=10s)
	bash .ci/fuzz $(or $(FUZZTIME),10s)

golden: ## write the golden files anew; look at the difference before you commit it
	go test $$(go list -f '{{.ImportPath}} {{.TestImports}} {{.XTestImports}}' ./... | awk '/yardstick\/pkg\/golden/ {print $$1}') -update

clean: ## remove what make made
	rm -rf bin .tools .aws-sam yardstick-demo
