# `make` lists the targets. All need make, sh and awk, and `data` needs nothing else. `build`, `run`
# and `test` also need Swift 6.3, the Docker targets Docker. The scripts say what the others need.
SHELL := /bin/sh
# A checkout may have lost its modes (a zip, a network drive): scripts are run by their shell.
# $(call needs,PROGRAM...): ends the target with a line that names a program that is missing.
needs = @for program in $(1); do \
	  command -v $$program >/dev/null || { echo "make $@ needs $$program" >&2; exit 1; }; \
	done
COMPOSE_FILE := docker-compose-dev.yaml
COMPOSE := docker compose -f $(COMPOSE_FILE)
# The Dockerfiles need it, and older clients must be told.
export DOCKER_BUILDKIT := 1
SWIFT_SOURCES := Package.swift Sources Tests bench/Package.swift bench/Sources
MINUTES := 1
# An environment of Python with what checks/requirements.txt names. PYTEST runs tests in checks/.
CHECKS := .build/checks
PYTEST := PYTHONDONTWRITEBYTECODE=1 $(CHECKS)/bin/python -m pytest -c checks/pytest.ini
empty :=
# $(call any,NAME NAME): any of these, for pytest's -k.
any = $(if $(filter not,$(1)),$(1),$(subst $(empty) $(empty), or ,$(strip $(1))))

.DEFAULT_GOAL := help
.PHONY: help docker-image docker-compose-up docker-compose-down docker-compose-logs docker-test \
  graders dissector-test stack-test data build test simulate fuzz sanitize run crowd bench bench-publish \
  bench-self-test checks-scripts mutants faults faults-self-test resets entrega format lint

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-20s %s\n", $$1, $$2 }' Makefile

# Made anew if what it holds changes. `swift test` needs none of it.
$(CHECKS)/made: checks/requirements.txt
	$(call needs,python3)
	python3 -m venv --clear $(CHECKS) || { echo "python3 lacks venv: apt-get install python3-venv" >&2; \
	  exit 1; }
	$(CHECKS)/bin/python -m pip --quiet --disable-pip-version-check install -r $<
	touch $@

docker-image: ## Builds the images server:latest and client:latest
	docker build -f server.Dockerfile -t server:latest .
	docker build -f client.Dockerfile -t client:latest .

$(COMPOSE_FILE):
	bash generar-compose.sh $@ 5

# Names of containers are fixed: Compose would take those of another checkout over.
only_lottery = @other=$$(docker inspect server \
	  -f '{{index .Config.Labels "com.docker.compose.project.working_dir"}}' 2>/dev/null); \
	[ -z "$$other" ] || [ "$$other" -ef . ] || { echo \
	  "the lottery of $$other is up: make docker-compose-down there, or docker rm -f server" >&2; exit 1; }

docker-compose-up: $(COMPOSE_FILE) docker-image ## Builds what is missing and starts the lottery
	$(call only_lottery)
	find -L config -name 'config.*' ! -perm -004 -exec chmod a+r {} +
	sh scripts/data.sh --missing $$(grep -c 'container_name: client' $(COMPOSE_FILE))
	$(COMPOSE) up -d

# A server that was created again has the volume of its bets by name, and `down -v` leaves it.
VOLUMES := {{range .Mounts}}{{if eq .Type \"volume\"}}{{.Name}} {{end}}{{end}}

docker-compose-down: ## Stops the lottery and removes its containers and bets
	$(COMPOSE) stop -t 1
	@volume=$$(docker inspect -f "$(VOLUMES)" server 2>/dev/null) || :; \
	  $(COMPOSE) down -v --remove-orphans && { [ -z "$$volume" ] || docker volume rm -f $$volume >/dev/null; }

docker-compose-logs: ## Follows the logs of the lottery
	$(COMPOSE) logs -f

docker-test: $(CHECKS)/made ## Tests the lottery in containers, and three rounds of each branch as graders do
	$(PYTEST) checks/containers checks/graders/test_exercises.py --rounds 3 -k "not swarm"

graders: $(CHECKS)/made ## Runs the branches as graders do, ROUNDS=20 each: ONLY="6 7", DELAY=, SEED=, LOAD=no
	$(PYTEST) checks/graders $(ROUNDS:%=--rounds %) $(SEED:%=--seed %) $(DELAY:%=--delay %) \
	  $(if $(filter no,$(LOAD)),--no-load) $(if $(ONLY),-k "$(call any,$(ONLY:%=ej%))")

dissector-test: $(CHECKS)/made ## Tests the Wireshark dissector with tshark
	$(PYTEST) checks/dissector

stack-test: $(CHECKS)/made ## Tests the lottery in a swarm of this one machine, which leaves it afterwards
	$(PYTEST) checks/containers/test_stack.py

data: ## Unpacks .data/dataset.zip, or generates the missing files
	$(call needs,awk)
	sh scripts/data.sh

# A static executable, as in the images: a program starts with 3 ms less CPU time than one that looks
# up the C library's symbols when it starts.
build: ## Builds the two programs for this machine, in .build/release
	$(call needs,swift)
	swift build -c release -Xswiftc -static-executable --product lottery-server
	swift build -c release -Xswiftc -static-executable --product agency-client

test: ## Tests the programs, and the scripts if Python 3 is there; ends with a summary
	$(call needs,swift)
	@sh checks/test.sh

# Other seeds in every run, unless SEED= says with which to begin.
simulate: ## Plays SEEDS=100000 simulated lotteries, or with SEED= the one of that seed
	SEED=$(or $(SEED),$$(date +%s)00000) SEEDS=$(or $(SEEDS),$(if $(SEED),1,100000)) \
	  swift test --filter SimulationTests

fuzz: ## Fuzzes the parsers of external bytes, each for MINUTES=1
	bash checks/fuzz.sh $$(($(MINUTES) * 60))

sanitize: ## Runs the tests and a lottery under the address and thread sanitizers
	bash checks/sanitize.sh

run: ## Runs the same lottery without Docker and prints the winners
	$(call needs,swift awk)
	sh scripts/run-lottery.sh

crowd: $(CHECKS)/made ## Runs lotteries on this machine, one of AGENCIES=1000 agencies at once
	$(PYTEST) checks/host $(AGENCIES:%=--agencies %)

BENCH := PYTHONPATH=checks $(CHECKS)/bin/python -B bench/main.py

bench: build $(CHECKS)/made ## Measures against a byte copier: ONLY=<names> RUNS=5, QUICK=1, WINDOW=, OUT=<file>
	swift build -c release --static-swift-stdlib --package-path bench
	$(BENCH) --runs $(or $(RUNS),5) $(if $(QUICK),--quick) \
	  $(if $(WINDOW),--window $(WINDOW)) $(if $(OUT),--out $(OUT)) $(ONLY)

bench-publish: $(CHECKS)/made ## Writes the figures of the last run, or of FROM=, into bench/README.md, and its plots
	$(BENCH) --publish $(or $(FROM),bench/results/bench.csv)

bench-self-test: $(CHECKS)/made ## Tests the benchmarks with little data
	swift build
	swift build --package-path bench
	$(PYTEST) bench

faults: $(CHECKS)/made ## Plays ROUNDS=100 of each fault; SEED=, ONLY=, ROUND=, CASE= select, TABLE= writes a file
	$(PYTEST) checks/faults $(ROUNDS:%=--rounds %) $(SEED:%=--seed %) $(ROUND:%=--round %) \
	  $(if $(CASE),--case $(CASE) --round 0) $(TABLE:%=--table %) \
	  -k "$(call any,$(if $(CASE),syscalls stalls,$(or $(subst -,_,$(ONLY)),not resets)))"

faults-self-test: $(CHECKS)/made ## Checks that the fault bench finds old bugs: those of `make mutants` that it is for
	$(PYTEST) checks/mutants -k faults

resets: build $(CHECKS)/made ## Resets connections for SECONDS=60 against each side; IMAGE= a server's image
	$(PYTEST) checks/faults/test_resets.py --programs $(CURDIR)/.build/release \
	  $(SECONDS:%=--seconds %) $(IMAGE:%=--image %)

entrega: ## Makes the branches ej1 to ej8, one for each exercise
	bash scripts/entrega.sh

format: ## Formats the Swift sources
	swift format -i -r $(SWIFT_SOURCES)

checks-scripts: $(CHECKS)/made ## Tests the scripts, also on other shells and checkouts, the oracles and the checks
	$(PYTEST) checks/scripts checks/oracles checks/graders/test_looks.py

mutants: $(CHECKS)/made ## Puts old bugs back, one by one, and expects that a test finds each: ONLY=<words>
	$(call needs,swift)
	$(PYTEST) checks/mutants $(if $(ONLY),-k "$(ONLY)")

lint: ## Checks the style of sources and scripts, and the links and translation of the documents
	swift format lint --strict -r $(SWIFT_SOURCES)
	@! grep -rnE '^[^/]*\bimport ' $(addprefix Sources/LotteryProtocol/,Bets Bytes CSV FastPath Wire) \
	  || { echo "bets, messages and rows import nothing" >&2; exit 1; }
	@! LC_ALL=C.UTF-8 grep -rnE '^.{101,}' --include='*.swift' Sources \
	  || { echo "lines have at most 100 columns" >&2; exit 1; }
	bash checks/lint-scripts.sh
	$(call needs,python3)
	python3 -B checks/documents.py
