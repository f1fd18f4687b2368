package functions_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"yardstick/pkg/app"
	"yardstick/pkg/snapshot"
)

// stateMachine is what the tests of the backfill look at in its definition.
type stateMachine struct {
	QueryLanguage   string `yaml:"QueryLanguage"`
	TimeoutSeconds  int    `yaml:"TimeoutSeconds"`
	ProcessorConfig struct {
		Mode string `yaml:"Mode"`
	} `yaml:"ProcessorConfig"`
	StartAt string           `yaml:"StartAt"`
	States  map[string]state `yaml:"States"`
}

type state struct {
	Type                       string         `yaml:"Type"`
	Arguments                  map[string]any `yaml:"Arguments"`
	TimeoutSeconds             int            `yaml:"TimeoutSeconds"`
	QueryLanguage              string         `yaml:"QueryLanguage"`
	ToleratedFailurePercentage int            `yaml:"ToleratedFailurePercentage"`
	ItemProcessor              *stateMachine  `yaml:"ItemProcessor"`
	Catch                      []transition   `yaml:"Catch"`
	Choices                    []transition   `yaml:"Choices"`
	Next                       string         `yaml:"Next"`
	Default                    string         `yaml:"Default"`
}

type transition struct {
	ErrorEquals []string `yaml:"ErrorEquals"`
	Next        string   `yaml:"Next"`
}

func backfillDefinition(t *testing.T) (text string, whole, account stateMachine) {
	t.Helper()
	read, err := os.ReadFile("backfill.asl.yaml")
	if err := errors.Join(err, yaml.Unmarshal(read, &whole)); err != nil {
		t.Fatal(err)
	}
	accounts := whole.States["Accounts"]
	if accounts.ItemProcessor == nil || accounts.Type != "Map" {
		t.Fatal("Accounts is no Map")
	}
	return string(read), whole, *accounts.ItemProcessor
}

func TestABackfillGivesEachAccountAnExecutionThatTakesNoOtherWithIt(t *testing.T) {
	_, whole, account := backfillDefinition(t)
	if whole.QueryLanguage != "JSONata" || whole.TimeoutSeconds == 0 {
		t.Errorf("query language %q, time-out %d; expected JSONata and one", whole.QueryLanguage, whole.TimeoutSeconds)
	}
	tolerated := whole.States["Accounts"].ToleratedFailurePercentage
	if account.ProcessorConfig.Mode != "DISTRIBUTED" || tolerated != 100 {
		t.Errorf("mode %q, %d %% tolerated; expected DISTRIBUTED and 100", account.ProcessorConfig.Mode, tolerated)
	}
	tasks := 0
	for name, s := range account.States {
		if s.QueryLanguage != "" {
			t.Errorf("%s has a query language of its own", name)
		}
		if s.Type != "Task" {
			continue
		}
		tasks++
		if s.TimeoutSeconds == 0 {
			t.Errorf("%s has no time-out", name)
		}
		var caught []string
		for _, c := range s.Catch {
			caught = append(caught, c.ErrorEquals...)
		}
		for _, e := range []string{"States.DataLimitExceeded", "States.ALL"} { // the latter does not include the former
			if !slices.Contains(caught, e) {
				t.Errorf("%s does not catch %s", name, e)
			}
		}
	}
	if export := account.States["Export"]; tasks != 2 || export.TimeoutSeconds <= 900 {
		t.Errorf("%d tasks, an export's time-out is %d s; expected 2, and more than the function's 900 s", tasks, export.TimeoutSeconds)
	}
}

// cfn-lint does not look at this within a Map.
func TestABackfillHasTheStatesThatItGoesOnWithAndNoOthers(t *testing.T) {
	_, whole, account := backfillDefinition(t)
	for _, m := range []stateMachine{whole, account} {
		reached := map[string]bool{m.StartAt: true}
		for name, s := range m.States {
			next := []string{s.Next, s.Default}
			for _, n := range slices.Concat(s.Catch, s.Choices) {
				next = append(next, n.Next)
			}
			for _, n := range next {
				if _, ok := m.States[n]; !ok && n != "" {
					t.Errorf("%s goes on with %s, which there is not", name, n)
				}
				reached[n] = true
			}
		}
		for name := range m.States {
			if !reached[name] {
				t.Errorf("nothing goes on with %s", name)
			}
		}
	}
}

// CloudFormation leaves what it does not know as it stands, and would replace what is JSONata's.
func TestABackfillIsGivenAllThatCloudFormationPutsIn(t *testing.T) {
	text, _, _ := backfillDefinition(t)
	known := []string{"Accounts", "Bucket", "Prefix", "ScrapRightExport", "ScrunchExport", "Sources"}
	var found []string
	for _, m := range regexp.MustCompile(`\$\{([^}]*)\}?`).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	if got := slices.Compact(found); !slices.Equal(got, known) {
		t.Errorf("found %q, expected %q", got, known)
	}
}

func TestABackfillFindsTheResultOfARunThatFailed(t *testing.T) {
	_, _, account := backfillDefinition(t)
	expression, _ := account.States["ReadResult"].Arguments["Key"].(string)
	const run = "20261123T082509Z-c100"
	told := (&app.ExportFailed{Run: run, Err: errors.New("scrapright/main purchases 2026-01-02: malformed: x")}).Error()

	pattern := regexp.MustCompile(`\$match\(\$failure\.Cause, /(.*)/\)\.groups\[0\];`).FindStringSubmatchIndex(expression)
	if pattern == nil {
		t.Fatalf("no run is looked for in the error: %s", expression)
	}
	id := regexp.MustCompile(expression[pattern[2]:pattern[3]]).FindStringSubmatch(fmt.Sprintf(`{"errorMessage":%q}`, told))
	if id == nil || id[1] != run {
		t.Fatalf("found run %q in %q", id, told)
	}
	day := snapshot.DayOf(time.Date(2026, 11, 23, 8, 25, 9, 0, time.UTC))
	key := concatenated(t, expression[pattern[1]:], run)
	if want := (snapshot.Layout{Prefix: "${Prefix}"}).Run(day, run); key != want {
		t.Errorf("the result is read at %s, and lies at %s", key, want)
	}
}

// concatenated is the value of a JSONata expression that strings literals, $run and parts of it together.
func concatenated(t *testing.T, expression, run string) string {
	t.Helper()
	part := regexp.MustCompile(`"([^"]*)"|\$substring\(\$run, (\d+), (\d+)\)|\$run`)
	var text strings.Builder
	for _, m := range part.FindAllStringSubmatch(expression, -1) {
		switch {
		case m[2] != "":
			from, err := strconv.Atoi(m[2])
			length, err2 := strconv.Atoi(m[3])
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			text.WriteString(run[from : from+length])
		case m[0] == "$run":
			text.WriteString(run)
		default:
			text.WriteString(m[1])
		}
	}
	return text.String()
}
