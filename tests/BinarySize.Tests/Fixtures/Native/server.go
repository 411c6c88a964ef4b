package main

import (
	"encoding/json"
	"net/http"
)

type status struct {
	Path string
}

func (s *status) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	func() { s.Path = r.URL.Path }()
	json.NewEncoder(w).Encode(s)
}

func main() {
	http.ListenAndServe("localhost:0", &status{})
}
