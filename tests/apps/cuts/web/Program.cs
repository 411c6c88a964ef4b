using System.Text.Json.Serialization;

// A small service. What cuts take away: HTTP/2, and the page that shows an exception to a developer.
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, ItemJson.Default));
WebApplication app = builder.Build();
app.MapGet("/items/{id:int}", (int id) => id > 0 ? Results.Ok(new Item(id, "item " + id)) : Results.NotFound());
app.MapPost("/items", (Item item) => Results.Created($"/items/{item.Id}", item));
app.MapGet("/wrong", string () => throw new InvalidOperationException("on purpose"));
app.Run();

internal sealed record Item(int Id, string Name);

[JsonSerializable(typeof(Item))]
internal sealed partial class ItemJson : JsonSerializerContext;
