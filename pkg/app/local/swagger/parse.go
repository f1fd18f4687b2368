package swagger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// errNoDescription says that a text is something else: a page, a script, an answer.
var errNoDescription = errors.New("no Swagger or OpenAPI description")

// description is one that was parsed: its references are resolved, and it is in terms of OpenAPI 3 whatever it was.
type description struct {
	*openapi3.T
	version string // "Swagger 2.0"
}

// parse reads a description in JSON or YAML. What is none is errNoDescription; one of another version, or one that
// cannot be made sense of, is an error that says so. References to other files are never followed.
func parse(body []byte) (d description, err error) {
	text, err := toJSON(bytes.TrimPrefix(body, []byte("\ufeff")))
	if err != nil {
		return description{}, err
	}
	var head struct{ Swagger, OpenAPI version }
	if err := json.Unmarshal(text, &head); err != nil || head.Swagger == "" && head.OpenAPI == "" {
		return description{}, errNoDescription
	}
	defer func() { // the library stumbles over a null where an object belongs
		if stumbled := recover(); stumbled != nil {
			d, err = description{}, fmt.Errorf("the description cannot be made sense of: %v", stumbled)
		}
	}()
	switch {
	case strings.HasPrefix(string(head.OpenAPI), "3"):
		d, err = parse3(text, head.OpenAPI)
	case strings.HasPrefix(string(head.Swagger), "2"):
		d, err = parse2(text)
	default:
		return description{}, fmt.Errorf("the description is of version %q; expected Swagger 2.0 or OpenAPI 3",
			head.OpenAPI+head.Swagger)
	}
	if err != nil {
		return description{}, fmt.Errorf("the description cannot be made sense of: %w", err)
	}
	return d, nil
}

func parse3(text []byte, v version) (description, error) {
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = false
	doc, err := loader.LoadFromData(text)
	return description{doc, "OpenAPI " + string(v)}, err
}

func parse2(text []byte) (description, error) {
	var doc openapi2.T
	if err := json.Unmarshal(text, &doc); err != nil {
		return description{}, err
	}
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = false
	converted, err := openapi2conv.ToV3WithLoader(&doc, loader, nil)
	return description{converted, "Swagger 2.0"}, err
}

// version is a version's number, which YAML takes for a number where it has no quotes.
type version string

func (v *version) UnmarshalJSON(text []byte) error {
	*v = version(strings.Trim(string(text), `"`))
	if text[0] == '{' || text[0] == '[' || string(text) == "null" {
		*v = ""
	}
	return nil
}

var yamlHead = regexp.MustCompile(`(?m)^["']?(openapi|swagger)["']?[ \t]*:[ \t]*["']?[0-9]`)

// toJSON turns a description in YAML into JSON, and leaves what is JSON as it is.
func toJSON(text []byte) ([]byte, error) {
	if json.Valid(text) {
		return text, nil
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) || !yamlHead.Match(text) {
		return nil, errNoDescription
	}
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		return nil, fmt.Errorf("the description is neither JSON nor YAML: %w", err)
	}
	value = textKeys(value)
	for _, name := range []string{"openapi", "swagger"} {
		if top, ok := value.(map[string]any); ok && top[name] != nil {
			top[name] = fmt.Sprint(top[name]) // 2.0 without quotes is a number
		}
	}
	return json.Marshal(value)
}

// textKeys spells every key as text: those of responses look like numbers.
func textKeys(value any) any {
	switch value := value.(type) {
	case map[any]any:
		out := make(map[string]any, len(value))
		for k, v := range value {
			out[fmt.Sprint(k)] = textKeys(v)
		}
		return out
	case map[string]any:
		for k, v := range value {
			value[k] = textKeys(v)
		}
	case []any:
		for i, v := range value {
			value[i] = textKeys(v)
		}
	}
	return value
}
