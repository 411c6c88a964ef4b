package main

import (
	"fmt"
	"os"
	"sort"
)

type pair[K comparable, V any] struct {
	key   K
	value V
}

func mapAll[T, U any](items []T, f func(T) U) []U {
	var result []U
	for _, item := range items {
		result = append(result, f(item))
	}
	return result
}

func main() {
	pairs := mapAll(os.Args, func(s string) pair[string, int] { return pair[string, int]{s, len(s)} })
	sort.Slice(pairs, func(i, j int) bool { return pairs[i].value < pairs[j].value })
	fmt.Println(pairs)
}
