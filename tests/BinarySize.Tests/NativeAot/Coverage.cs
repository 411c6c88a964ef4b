using System.Text;
using BinarySize.Attribution.NativeAot;
using BinarySize.Formats;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.NativeAot;

/// <summary>How much of a binary has an owner, and what has none.</summary>
internal sealed class Coverage
{
    public long Total { get; private set; }

    /// <summary>Bytes with an owner, and headers and notes, which the format names.</summary>
    public long Named { get; private set; }

    public long Padding { get; private set; }

    public long Estimated { get; private set; }

    public long Derived { get; private set; }

    /// <summary>Bytes with an assembly.</summary>
    public long InAssembly { get; private set; }

    /// <summary>Bytes with an assembly, or of the program's managed data as a whole.</summary>
    public long Managed { get; private set; }

    public Dictionary<string, long> ByOwner { get; } = [];

    public Dictionary<string, long> Unowned { get; } = [];

    public static SizeMap Map(string binary, string? mstat, string? debug, Func<string, (string, string)?>? packages = null)
    {
        FileView file = FileView.Open(binary);
        var builder = new SizeMapBuilder(file.Bytes, file.Length, Path.GetFileName(binary));
        builder.Keep(file);
        var scope = new MapScope(builder, 0, 0, file.Bytes);
        FormatReader.Read(scope);
        Assert.True(NativeAotAttribution.TryApply(scope, ElfFile.Parse(file.Bytes), new NativeAotInputs
        {
            Mstat = mstat is null ? null : FileView.Open(mstat),
            DebugFile = debug is null ? null : FileView.Open(debug),
            PackageOf = packages,
        }));
        return builder.Build();
    }

    public static Coverage Of(SizeMap map)
    {
        var c = new Coverage { Total = map.Size };
        long sum = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Slice s = map.Slices[i];
            long length = map.LengthOf(i);
            sum += length;
            Part part = map.Parts[s.Part];
            bool named = s.Owner != 0 || part.Kind == PartKind.Header || (part.Content == ContentKind.Format && part.Kind == PartKind.Section);
            if (part.Kind == PartKind.Padding) c.Padding += length;
            if (named) c.Named += length;
            else Add(c.Unowned, map.Names.Text(part.Name), length);
            if (s.Basis == Basis.Estimated) c.Estimated += length;
            if (s.Basis == Basis.Derived) c.Derived += length;
            bool assembly = false, managed = false;
            string path = "";
            for (int o = s.Owner; o != 0; o = map.Owners[o].Parent)
            {
                Owner owner = map.Owners[o];
                string name = map.Names.Text(owner.Name);
                if (owner.Kind == OwnerKind.Assembly) assembly = true;
                if (name == NativeAotAttribution.ManagedDataComponent) managed = true;
                if (owner.Kind is OwnerKind.Assembly or OwnerKind.Component) path = path.Length == 0 ? name : name + "/" + path;
            }
            if (assembly) c.InAssembly += length;
            if (assembly || managed) c.Managed += length;
            if (s.Owner != 0) Add(c.ByOwner, path, length);
        }
        Assert.Equal(map.Size, sum);
        return c;
    }

    public string Describe()
    {
        var text = new StringBuilder();
        text.AppendLine($"total {Total}, named {Named} = {100.0 * Named / Total:f2} %, padding {Padding}, derived {100.0 * Derived / Total:f2} %, estimated {100.0 * Estimated / Total:f2} %, assembly {100.0 * InAssembly / Managed:f2} % of {Managed} managed");
        foreach ((string name, long size) in Unowned.OrderByDescending(p => p.Value).Take(20)) text.AppendLine($"  unowned {size,9} {name}");
        foreach ((string name, long size) in ByOwner.OrderByDescending(p => p.Value).Take(60)) text.AppendLine($"  owner   {size,9} {name}");
        return text.ToString();
    }

    private static void Add(Dictionary<string, long> to, string key, long size) => to[key] = to.GetValueOrDefault(key) + size;
}
