package simulator

import (
	"encoding/json"
	"net/http"
)

// invalid is one parameter that the vendor's framework refuses, as its 422 tells.
type invalid struct {
	Type  string         `json:"type"`
	Loc   []string       `json:"loc"`
	Msg   string         `json:"msg"`
	Input string         `json:"input"`
	Ctx   map[string]any `json:"ctx,omitempty"`
}

// RefuseDetail is a fault that answers a status and an error in the shape that Scrunch has, and does none of the work.
func RefuseDetail(status int, message string) *Answer { return &Answer{Reply: detail(status, message)} }

// detail is an error as the vendor's handlers tell it.
func detail(status int, message string) *Reply {
	return vendorJSON(status, marshal(struct {
		Detail string `json:"detail"`
	}{message}))
}

// unprocessable is an error as the vendor's framework tells it of parameters.
func unprocessable(faults []invalid) *Reply {
	return vendorJSON(http.StatusUnprocessableEntity, marshal(struct {
		Detail []invalid `json:"detail"`
	}{faults}))
}

func vendorJSON(status int, body []byte) *Reply {
	return &Reply{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

func marshal(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	return body
}
