package config

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"yardstick/pkg/golden"
)

func TestTheSchemaIsTheGoldenOne(t *testing.T) {
	golden.Compare(t, "../../docs/config.schema.json", string(Schema()))
}

func TestTheSchemaTakesWhatParseTakes(t *testing.T) {
	full, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(full), leastYAML, with("yard", "restate_every", "0"),
		with("brands", "reports", "{tag_daily: {on: true}, weekly: {fields: [date], filters: ['stage:a']}}")} {
		if got := faults(t, text); got != nil {
			t.Fatal(got)
		}
		if err := conforms(text); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

func TestTheSchemaRefusesWhatParseRefuses(t *testing.T) {
	for _, text := range []string{
		"[]", "version: 1\nbucket: acme-reporting", "version: 1\nbucket: acme-reporting\nscrunch: []",
		with("top", "version", "2"), with("top", "bucket", ""), with("top", "Bucket", "b"), with("top", "prefix",
			"/a"),
		with("yard", "url", ""), with("yard", "url", "acme.example"), with("yard", "api_key_secret", "a b"),
		with("yard", "restate_every", "6"), with("yard", "restate_every", "1d"), with("yard", "restate_days", "366"),
		with("yard", "restate_days", "three"), with("yard", "guard", "off"), with("yard", "brands", "[]"),
		with("yard", "datasets", "{tickets: {}}"), with("yard", "datasets", "{customers: {from: a}}"),
		with("yard", "datasets", "{customers: {page_size: 101}}"), with("yard", "datasets",
			"{customers: {omit: ['']}}"),
		with("yard", "datasets", "{customers: {omit: [/a, /a]}}"), with("yard", "datasets", "{customers: {off: 1}}"),
		with("brands", "session_secret", "s"), with("brands", "brands", "[0]"), with("brands", "brands", "[1, 1]"),
		with("brands", "reports", "{weekly: {}}"), with("brands", "reports", "{weekly: {fields: []}}"),
		with("brands", "reports", "{responses: {fields: [date]}}"), with("brands", "reports",
			"{Weekly: {fields: [date]}}"), with("brands", "reports", "{prompts_latest: {fields: [date]}}"),
		with("top", "webhook", "{secret: hook, functions: {}}"), with("top", "webhook", "{secret: hook}"),
	} {
		if faults(t, text) == nil {
			t.Errorf("Parse takes\n%s", text)
		}
		if conforms(text) == nil {
			t.Errorf("the schema takes\n%s", text)
		}
	}
}

// conforms checks a text by the schema.
func conforms(text string) error {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	asJSON, err := json.Marshal(dates(value))
	if err != nil {
		return err
	}
	var root schemaNode
	if err := json.Unmarshal(Schema(), &root); err != nil {
		return err
	}
	if err := json.Unmarshal(asJSON, &value); err != nil {
		return err
	}
	return validator{root}.check("", root, value)
}

// dates turns what YAML takes for times into text again, as editors do.
func dates(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for k := range v {
			v[k] = dates(v[k])
		}
	case []any:
		for i := range v {
			v[i] = dates(v[i])
		}
	case fmt.Stringer:
		return v.String()[:len(day)]
	}
	return value
}

type schemaNode = map[string]any

// validator knows the keywords of JSON Schema that this schema uses, and refuses to judge by others.
type validator struct{ root schemaNode }

func (v validator) check(at string, schema schemaNode, value any) error {
	for keyword, rule := range schema {
		if err := v.apply(at, keyword, rule, schema, value); err != nil {
			return err
		}
	}
	return nil
}

func (v validator) apply(at, keyword string, rule any, schema schemaNode, value any) error {
	fits := true
	text, isText := value.(string)
	number, isNumber := value.(float64)
	list, isList := value.([]any)
	object, isObject := value.(map[string]any)
	switch keyword {
	case "$schema", "$defs", "title", "description", "default":
	case "$ref":
		name := strings.TrimPrefix(rule.(string), "#/$defs/")
		return v.check(at, v.root["$defs"].(schemaNode)[name].(schemaNode), value)
	case "type":
		isBool := value == true || value == false
		fits = map[string]bool{"string": isText, "integer": isNumber && number == float64(int64(number)),
			"boolean": isBool,
			"array":   isList, "object": isObject}[rule.(string)]
	case "const":
		fits = reflect.DeepEqual(rule, value)
	case "enum":
		fits = slices.Contains(rule.([]any), value)
	case "pattern":
		fits = !isText || regexp.MustCompile(rule.(string)).MatchString(text)
	case "maxLength":
		fits = !isText || utf8.RuneCountInString(text) <= int(rule.(float64))
	case "minimum":
		fits = !isNumber || number >= rule.(float64)
	case "maximum":
		fits = !isNumber || number <= rule.(float64)
	case "minItems":
		fits = !isList || len(list) >= int(rule.(float64))
	case "minProperties":
		fits = !isObject || len(object) >= int(rule.(float64))
	case "uniqueItems":
		for i, item := range list {
			fits = fits && !slices.Contains(list[:i], item)
		}
	case "items":
		for i, child := range list {
			if err := v.check(item(at, i), rule.(schemaNode), child); err != nil {
				return err
			}
		}
	case "required":
		for _, name := range rule.([]any) {
			_, there := object[name.(string)]
			fits = fits && (there || !isObject)
		}
	case "anyOf":
		fits = slices.ContainsFunc(rule.([]any), func(s any) bool {
			return v.check(at, s.(schemaNode),
				value) == nil
		})
	case "not":
		fits = v.check(at, rule.(schemaNode), value) != nil
	case "propertyNames":
		for name := range object {
			if err := v.check(below(at, name), rule.(schemaNode), name); err != nil && !known(schema, name) {
				return err
			}
		}
	case "properties", "additionalProperties":
		return v.members(at, keyword, rule, schema, object)
	default:
		return fmt.Errorf("keyword %s is not known here", keyword)
	}
	if !fits {
		return fmt.Errorf("%s: %v does not fit %s %v", at, value, keyword, rule)
	}
	return nil
}

// known says that a schema lists a property.
func known(schema schemaNode, name string) bool {
	properties, _ := schema["properties"].(schemaNode)
	return properties[name] != nil
}

func (v validator) members(at, keyword string, rule any, schema schemaNode, object map[string]any) error {
	for name, child := range object {
		var err error
		switch {
		case keyword == "properties" && known(schema, name):
			err = v.check(below(at, name), rule.(schemaNode)[name].(schemaNode), child)
		case keyword == "properties" || known(schema, name):
		case rule == false:
			err = fmt.Errorf("%s is not known", below(at, name))
		default:
			err = v.check(below(at, name), rule.(schemaNode), child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
