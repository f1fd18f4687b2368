package functions_test

import (
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/snapshot"
)

// lifecycle are the rules of the template's bucket, those of a condition too.
func lifecycle(t *testing.T) (rules []mapping) {
	t.Helper()
	for _, b := range readTemplate(t).resources("AWS::S3::Bucket") {
		for _, rule := range list(b.at("Properties", "LifecycleConfiguration", "Rules")) {
			m := rule.(mapping)
			if choice, ok := m["Fn::If"].([]any); ok {
				m = choice[1].(mapping)
			}
			if m.text("Status") != "Enabled" {
				t.Errorf("the rule %s is off", m.text("Id"))
			}
			rules = append(rules, m)
		}
	}
	return rules
}

// What was exported, and what is told of it, goes with no rule; of personal data there is RetentionDays.
func TestTemplateLetsNothingExpireThatIsKept(t *testing.T) {
	layout := snapshot.Layout{Prefix: "${Prefix}"}
	rules := lifecycle(t)
	for _, source := range []string{"scrapright", "scrunch"} {
		for _, key := range append(keysOf(layout, source), keysWritten(layout, source)...) {
			if strings.Contains(key, "_yardstick/spool/") {
				continue // for a run that goes on, within a day
			}
			for _, r := range rules {
				if strings.HasPrefix(key, r.text("Prefix")) && r.text("ExpirationInDays") != "" {
					t.Errorf("%s expires by the rule %s", key, r.text("Id"))
				}
			}
		}
	}
}

// What nearly every run replaces would pile up for NoncurrentDays.
func TestTemplateKeepsForADayWhatRunsReplaceAllTheTime(t *testing.T) {
	layout := snapshot.Layout{Prefix: "${Prefix}"}
	rules := lifecycle(t)
	for _, key := range []string{layout.Status(), layout.Page(), layout.Coverage("scrunch", "main"), layout.Lease("scrunch", "main")} {
		if !slices.ContainsFunc(rules, func(r mapping) bool {
			return strings.HasPrefix(key, r.text("Prefix")) && r.text("NoncurrentVersionExpiration", "NoncurrentDays") == "1"
		}) {
			t.Errorf("every version of %s is kept", key)
		}
	}
}
