// Prints one line for each field that a configuration file may have: whose it is, its path, in which
// "*" stands for each item of a list and each value of a map, and the kind of its value.
package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	proxy "k8s.io/kube-proxy/config/v1alpha1"
	kubelet "k8s.io/kubelet/config/v1beta1"
)

var (
	duration    = reflect.TypeFor[meta.Duration]()
	readsItself = reflect.TypeFor[json.Unmarshaler]()
)

func main() {
	printFields("kubelet ", reflect.TypeFor[kubelet.KubeletConfiguration]())
	printFields("kube-proxy ", reflect.TypeFor[proxy.KubeProxyConfiguration]())
}

func printFields(prefix string, object reflect.Type) {
	for i := range object.NumField() {
		field := object.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-" || !field.IsExported():
		case name == "" && field.Anonymous:
			printFields(prefix, field.Type)
		case name == "":
			panic(prefix + field.Name + " has no name in JSON")
		default:
			printField(prefix+name, field.Type)
		}
	}
}

func printField(path string, is reflect.Type) {
	for is.Kind() == reflect.Pointer {
		is = is.Elem()
	}
	switch {
	case is == duration:
		fmt.Println(path, "duration")
	case reflect.PointerTo(is).Implements(readsItself):
		fmt.Println(path, "any")
	case is.Kind() == reflect.Slice:
		fmt.Println(path, "list")
		printField(path+".*", is.Elem())
	case is.Kind() == reflect.Map:
		fmt.Println(path, "map")
		printField(path+".*", is.Elem())
	case is.Kind() == reflect.Struct:
		fmt.Println(path, "object")
		printFields(path+".", is)
	default:
		fmt.Println(path, is.Kind())
	}
}
