using System.Security.Cryptography;
using System.Text;
using BinarySize.Shrinking;

namespace BinarySize.Variants;

/// <summary>A property of a build, as in <c>-p:Name=Value</c>.</summary>
public sealed record Setting(string Name, string Value)
{
    /// <summary>"Name=Value".</summary>
    public override string ToString() => $"{Name}={Value}";
}

/// <summary>An MSBuild item that a build gets besides the project's own: an argument of the linker, a cut.</summary>
/// <param name="Type">The item's type: "LinkerArg".</param>
/// <param name="Include">What it includes.</param>
public sealed record SettingItem(string Type, string Include);

/// <summary>One way to build the same app.</summary>
/// <param name="Name">What it is called in tables; unique in a set.</param>
/// <param name="Settings">Properties that it sets, in their order; a later one of the same name wins.</param>
public sealed record Variant(string Name, IReadOnlyList<Setting> Settings)
{
    /// <summary>Items that it adds.</summary>
    public IReadOnlyList<SettingItem> Items { get; init; } = [];

    /// <summary>How the published main executable is packed afterwards; null for not at all.</summary>
    public PackOptions? Pack { get; init; }

    /// <summary>Whether the package's own files are needed: a profile, a cut.</summary>
    public bool NeedsPackage => Settings.Any(s => s.Name.StartsWith("BinarySize", StringComparison.OrdinalIgnoreCase)) || Items.Any(i => i.Type.StartsWith("BinarySize", StringComparison.Ordinal));

    /// <summary>The same build without packing: what packing starts from.</summary>
    public Variant Unpacked => Pack is null ? this : this with { Pack = null };

    /// <summary>Properties as they hold in the end: one value a name, by name.</summary>
    public SortedDictionary<string, string> Effective()
    {
        var effective = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (Setting setting in Settings) effective[setting.Name] = setting.Value;
        return effective;
    }

    /// <summary>This variant with more settings on top.</summary>
    public Variant With(string name, IEnumerable<Setting> settings, IEnumerable<SettingItem>? items = null) =>
        this with { Name = name, Settings = [.. Settings, .. settings], Items = [.. Items, .. items ?? []] };

    /// <summary>What decides the published files, as text: two variants with the same are the same build.</summary>
    public string Identity()
    {
        var text = new StringBuilder();
        foreach ((string name, string value) in Effective()) text.Append("p ").Append(name.ToUpperInvariant()).Append('=').Append(value).Append('\n');
        foreach (SettingItem item in Items) text.Append("i ").Append(item.Type).Append('=').Append(item.Include).Append('\n');
        if (Pack is not null) text.Append("pack ").Append(Pack.Level).Append(' ').Append(Pack.Lzma ? "lzma" : "nrv").Append('\n');
        return text.ToString();
    }

    internal static string Hash(string text, int digits) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..digits];
}
