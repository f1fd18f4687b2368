package simulator

import (
	"encoding/json"
	"net/http"
)

// envelope is what every answer but a listing's is wrapped in.
type envelope struct {
	IsError int
	Message string
	Data    json.RawMessage
}

// refusal is an error as the vendor tells it.
func refusal(status int, message string) *Reply {
	body, err := json.Marshal(envelope{IsError: 1, Message: message, Data: json.RawMessage("null")})
	if err != nil { // a string always marshals
		panic(err)
	}
	return jsonReply(status, body)
}

// Refuse is a fault that answers a status and an error envelope with a message, and does none of the work.
func Refuse(status int, message string) *Answer { return &Answer{Reply: refusal(status, message)} }

func notFound() *Reply { return refusal(http.StatusNotFound, "The requested resource was not found.") }

// only lets one method pass.
func only(method string, c *call, serve func(*call) *Reply) *Reply {
	if c.Method == method {
		return serve(c)
	}
	reply := refusal(http.StatusMethodNotAllowed, "The method "+c.Method+" is not allowed here.")
	reply.Header.Set("Allow", method)
	return reply
}
