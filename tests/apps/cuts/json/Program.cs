using System.Dynamic;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

// A tool that reads and writes JSON. With an argument: what cuts take away.
try
{
    switch (args is [var feature, ..] ? feature : "")
    {
        case "xml":
            Console.WriteLine(JsonConvert.DeserializeXmlNode("""{"a":{"b":"1"}}""")!.OuterXml);
            break;
        case "own":
            Console.WriteLine(JsonConvert.SerializeObject(new Bag()));
            break;
        case "regex":
            Console.WriteLine(JObject.Parse("""{"lines":[{"sku":"a"},{"sku":"b"}]}""").SelectToken("$.lines[?(@.sku =~ /^B/i)].sku"));
            break;
        default:
            JObject order = JObject.Parse("""{"id":7,"lines":[{"sku":"a","count":2},{"sku":"b","count":3}],"at":"2024-03-01T10:00:00Z"}""");
            order["total"] = order["lines"]!.Sum(l => (int)l["count"]!);
            Console.WriteLine(order.ToString(Formatting.None));
            Console.WriteLine(order.SelectToken("$.lines[?(@.sku == 'b')].count"));
            Console.WriteLine(JsonConvert.SerializeObject(new Dictionary<string, object> { ["k"] = new[] { 1, 2 }, ["at"] = new DateTime(2024, 3, 1, 0, 0, 0, DateTimeKind.Utc) }));
            Console.WriteLine(JsonConvert.DeserializeObject<Dictionary<string, int>>("""{"x":1}""")!["x"]);
            IDictionary<string, object?> expando = new ExpandoObject();
            expando["y"] = 2;
            Console.WriteLine(JsonConvert.SerializeObject(expando));
            break;
    }
}
catch (Exception e)
{
    Console.WriteLine(e.GetType().Name);
}

internal sealed class Bag : DynamicObject
{
    public override IEnumerable<string> GetDynamicMemberNames() => ["z"];

    public override bool TryGetMember(GetMemberBinder binder, out object? result)
    {
        result = 3;
        return true;
    }
}
