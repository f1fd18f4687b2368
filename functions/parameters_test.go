package functions_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/config"
)

// stack is the template with values for its parameters: those that are not given are the defaults.
type stack struct {
	template
	values map[string]string
}

func deployed(t *testing.T, values map[string]string) stack {
	t.Helper()
	d := stack{readTemplate(t), map[string]string{"AWS::StackName": "yardstick"}}
	for name, p := range d.at("Parameters").(mapping) {
		d.values[name] = p.(mapping).text("Default")
	}
	for name, value := range values {
		p, ok := d.at("Parameters", name).(mapping)
		if !ok {
			t.Fatalf("no parameter %s", name)
		}
		pattern := regexp.MustCompile(p.text("AllowedPattern"))
		for item := range strings.SplitSeq(value, ",") {
			if p.text("Type") != "CommaDelimitedList" {
				item = value
			}
			if !pattern.MatchString(item) {
				t.Fatalf("%s does not take %q", name, item)
			}
		}
		d.values[name] = value
	}
	return d
}

// holds says whether a condition, by name or written out, is true.
func (d stack) holds(condition any) bool {
	switch c := condition.(type) {
	case string:
		return d.holds(d.at("Conditions", c))
	case mapping:
		for name, argument := range c {
			switch arguments := list(argument); name {
			case "Condition":
				return d.holds(argument)
			case "Fn::Equals":
				return d.value(arguments[0]) == d.value(arguments[1])
			case "Fn::Not":
				return !d.holds(arguments[0])
			case "Fn::And":
				return !slices.ContainsFunc(arguments, func(a any) bool { return !d.holds(a) })
			case "Fn::Or":
				return slices.ContainsFunc(arguments, d.holds)
			}
		}
	}
	d.t.Fatalf("no condition: %s", spell(condition))
	return false
}

var variable = regexp.MustCompile(`\$\{([A-Za-z:]+)\}`)

// value is what CloudFormation makes of a property that is text.
func (d stack) value(v any) string {
	function, ok := v.(mapping)
	if !ok {
		return spell(v)
	}
	for name, argument := range function {
		arguments := list(argument)
		switch name {
		case "Ref":
			return d.named(spell(argument), nil)
		case "Fn::If":
			if d.holds(arguments[0]) {
				return d.value(arguments[1])
			}
			return d.value(arguments[2])
		case "Fn::Join":
			return strings.ReplaceAll(d.value(arguments[1]), ",", spell(arguments[0])) // of a list that is a parameter
		case "Fn::Sub":
			local := mapping{}
			if len(arguments) == 2 {
				local = arguments[1].(mapping)
			}
			return variable.ReplaceAllStringFunc(spell(arguments[0]), func(found string) string {
				return d.named(variable.FindStringSubmatch(found)[1], local)
			})
		}
	}
	d.t.Fatalf("no text: %s", spell(v))
	return ""
}

func (d stack) named(name string, local mapping) string {
	if v, ok := local[name]; ok {
		return d.value(v)
	}
	v, ok := d.values[name]
	if !ok {
		d.t.Fatalf("nothing is called %s", name)
	}
	return v
}

// refused are the descriptions of the rules that the values break.
func (d stack) refused() []string {
	var broken []string
	for _, r := range d.at("Rules").(mapping) {
		rule := r.(mapping)
		if when, ok := rule["RuleCondition"]; ok && !d.holds(when) {
			continue
		}
		for _, a := range list(rule["Assertions"]) {
			if assertion := a.(mapping); !d.holds(assertion["Assert"]) {
				broken = append(broken, assertion.text("AssertDescription"))
			}
		}
	}
	return broken
}

const yardURL = "https://acme.scrapright.example"

func TestTemplateMakesTheConfigurationOfASingleAccount(t *testing.T) {
	cases := map[string]struct {
		values map[string]string
		want   string // what the configuration says, as text
	}{
		"both vendors": {map[string]string{"ScrapRightUrl": yardURL, "Timezone": "America/Chicago"},
			"scrapright main " + yardURL + " America/Chicago; scrunch main https://api.scrunchai.com/v1"},
		"a first day": {map[string]string{"ScrapRightUrl": yardURL, "Start": "2026-01-01", "Accounts": "north-yard"},
			"scrapright north-yard " + yardURL + " UTC 2026-01-01; scrunch north-yard https://api.scrunchai.com/v1 2026-01-01"},
		"a yard alone": {map[string]string{"ScrapRightUrl": yardURL, "Sources": "scrapright", "Prefix": "reporting/"},
			"prefix reporting/; scrapright main " + yardURL + " UTC"},
		"brands alone": {map[string]string{"Sources": "scrunch", "ScrunchUrl": "http://127.0.0.1:1234/v1"},
			"scrunch main http://127.0.0.1:1234/v1"},
		"webhooks": {map[string]string{"ScrapRightUrl": yardURL, "Webhook": "on"},
			"scrapright main " + yardURL + " UTC; scrunch main https://api.scrunchai.com/v1; " +
				"webhook yardstick/webhook yardstick-scrapright-export yardstick-scrunch-export"},
		"webhooks for brands": {map[string]string{"Sources": "scrunch", "Webhook": "on", "Start": "2026-01-01"},
			"scrunch main https://api.scrunchai.com/v1 2026-01-01; webhook yardstick/webhook  yardstick-scrunch-export"},
	}
	for name, c := range cases {
		c.values["BucketName"] = "acme-reporting"
		d := deployed(t, c.values)
		if broken := d.refused(); len(broken) > 0 {
			t.Errorf("%s: refused: %q", name, broken)
		}
		text := d.value(d.at("Globals", "Function", "Environment", "Variables", "YARDSTICK_CONFIG"))
		parsed, err := config.Parse([]byte(text))
		if err != nil || parsed.Bucket != "acme-reporting" {
			t.Errorf("%s: %v:\n%s", name, err, text)
			continue
		}
		if got := said(t, parsed); got != c.want {
			t.Errorf("%s: it says\n%s\nexpected\n%s", name, got, c.want)
		}
	}
}

// said is what the parameters decide of a configuration. Its secrets have to be those that the template makes.
func said(t *testing.T, c *config.Config) string {
	t.Helper()
	var parts []string
	if c.Prefix != "" {
		parts = append(parts, "prefix "+c.Prefix)
	}
	for _, a := range c.ScrapRight {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("scrapright %s %s %s %s", a.Account, a.URL, a.Timezone, a.Start)))
		if place := "yardstick/scrapright/" + a.Account; a.APIKeySecret != place+"/api-key" || a.SessionSecret != place+"/session" {
			t.Errorf("secrets %s, %s", a.APIKeySecret, a.SessionSecret)
		}
	}
	for _, a := range c.Scrunch {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("scrunch %s %s %s", a.Account, a.URL, a.Start)))
		if a.APIKeySecret != "yardstick/scrunch/"+a.Account+"/api-key" {
			t.Errorf("secret %s", a.APIKeySecret)
		}
	}
	if w := c.Webhook; w != nil {
		parts = append(parts, fmt.Sprintf("webhook %s %s %s", w.Secret, w.Functions["scrapright"], w.Functions["scrunch"]))
	}
	return strings.Join(parts, "; ")
}

func TestTemplateTakesAWholeConfigurationInItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		values map[string]string
		want   string
	}{
		"text":   {map[string]string{"Config": "version: 1"}, "version: 1"},
		"object": {map[string]string{"ConfigObject": "acme-config/yardstick.yaml"}, "s3://acme-config/yardstick.yaml"},
	} {
		d := deployed(t, c.values)
		if got := d.value(d.at("Globals", "Function", "Environment", "Variables", "YARDSTICK_CONFIG")); got != c.want {
			t.Errorf("%s: %q, expected %q", name, got, c.want)
		}
	}
}

// Several accounts need a configuration that is given whole. The one made here names no account that may be.
func TestTemplateDoesNotExportTheFirstOfSeveralAccountsInSilence(t *testing.T) {
	d := deployed(t, map[string]string{"ScrapRightUrl": yardURL, "Accounts": "main,north", "BucketName": "acme-reporting"})
	_, err := config.Parse([]byte(d.value(d.at("Globals", "Function", "Environment", "Variables", "YARDSTICK_CONFIG"))))
	if err == nil || !strings.Contains(err.Error(), "main,north") {
		t.Errorf("%v", err)
	}
}

func TestTemplateRefusesParametersThatContradictEachOther(t *testing.T) {
	for name, c := range map[string]struct {
		values map[string]string
		want   string
	}{
		"no yard":            {nil, "are all empty"},
		"two configurations": {map[string]string{"Config": "version: 1", "ConfigObject": "acme/y.yaml"}, "both given"},
		"URL beside text":    {map[string]string{"Config": "version: 1", "ScrapRightUrl": yardURL}, "beside a whole configuration"},
		"URL beside object":  {map[string]string{"ConfigObject": "acme/y.yaml", "ScrapRightUrl": yardURL}, "beside a whole configuration"},
	} {
		if broken := deployed(t, c.values).refused(); len(broken) != 1 || !strings.Contains(broken[0], c.want) {
			t.Errorf("%s: %q, expected %q", name, broken, c.want)
		}
	}
}
