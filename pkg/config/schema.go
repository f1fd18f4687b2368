package config

import (
	"bytes"
	"encoding/json"
)

// Schema is the JSON Schema (draft 2020-12) of a configuration, indented. It comes from the table that Parse reads by.
// It is no stricter than Parse, but for text that is written as a number (Parse takes account: 7). What no schema can
// tell, such as one secret in two places, Parse alone finds.
func Schema() []byte {
	schema := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "yardstick configuration"},
	}
	schema = append(schema, file().format().schema...)
	schema = append(schema, member{"$defs", definitions()})
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		panic(err) //nolint:forbidigo // the table holds what is no JSON, which no configuration can bring about
	}
	return out.Bytes()
}

// definitions are the formats that the schema refers to by name.
func definitions() object {
	return object{
		{"secret", secret().schema},
		{"duration", duration().schema},
		{"omit", omitted().schema},
		{"report", report(false).schema()},
	}
}

// schema is the JSON Schema of a mapping.
func (m mapping[T]) schema() object {
	initial := m.start()
	var properties object
	var required []string
	for _, k := range m.keys {
		about := append(object{{"description", k.about}}, k.schema...)
		if k.initial != nil {
			if v := k.initial(&initial); v != "" {
				about = append(about, member{"default", v})
			}
		}
		properties = append(properties, member{k.name, about})
		if k.required {
			required = append(required, k.name)
		}
	}
	schema := object{{"type", "object"}, {"properties", properties}}
	if required != nil {
		schema = append(schema, member{"required", required})
	}
	if m.others == nil {
		schema = append(schema, member{"additionalProperties", false})
	} else {
		other := m.others.key("")
		about := append(object{{"description", other.about}}, other.schema...)
		schema = append(schema, member{"propertyNames", m.others.names}, member{"additionalProperties", about})
	}
	return append(schema, m.also...)
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := encoder.Encode(m.name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := encoder.Encode(m.value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
