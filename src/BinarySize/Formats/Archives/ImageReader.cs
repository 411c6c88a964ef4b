using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>
/// Maps a container image: every layer is a <see cref="PartKind.Layer"/> of its compressed size, the lowest first, with
/// its files below; files that a later layer hides stand in a folder of their own, since they ship and serve nobody.
/// </summary>
public static class ImageReader
{
    /// <summary>Name of the folder, inside a layer, of what a later layer hides.</summary>
    public const string Waste = "waste (hidden by a later layer)";

    // Layers are only passed through, not kept; what bounds them is time.
    private const long LayerRatio = 64, LayerFloor = 64L << 20, LayerLimit = 16L << 30;

    private enum Compression
    {
        None,
        Gzip,
        Zstandard,
        Unknown,
    }

    /// <summary>One layer as it is read: where its bytes are, and its entries.</summary>
    private sealed class Layer
    {
        public required string Name { get; init; }

        public required ImageBlob Blob { get; init; }

        public required ByteView Bytes { get; init; }

        public Compression Compression { get; set; }

        public TarDirectory? Directory { get; set; }

        public bool[]? Hidden { get; set; }
    }

    /// <summary>
    /// Maps the layers of an image that is a folder, where each is a file of its own.
    /// </summary>
    /// <param name="files">The layers' files, the lowest first, as <see cref="ImageDescription.Layers"/> has them; the maps own them from here on.</param>
    /// <param name="names">What to call each of them.</param>
    /// <param name="lookInside">Map the files in the layers too.</param>
    /// <param name="withOwners">False where only the format is asked for.</param>
    public static IReadOnlyList<SizeMap> MapLayers(IReadOnlyList<FileView> files, IReadOnlyList<string> names, bool lookInside = false, bool withOwners = true)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(names);
        if (files.Count == 0) return [];
        var builders = new SizeMapBuilder[files.Count];
        var layers = new Layer[files.Count];
        var scopes = new MapScope[files.Count];
        for (int i = 0; i < layers.Length; i++)
        {
            builders[i] = new SizeMapBuilder(files[i].Bytes, files[i].Length, Path.GetFileName(files[i].Path));
            builders[i].Keep(files[i]);
            scopes[i] = new MapScope(builders[i], 0, 0, files[i].Bytes, 0, lookInside ? new UnpackBudget(files[i].Length) : null, WithOwners: withOwners);
            layers[i] = new Layer { Name = names[i], Blob = new ImageBlob(names[i], "", "", 0, files[i].Length), Bytes = files[i].Bytes };
            long left = LimitOf(files[i].Length);
            Walk(scopes[i], layers[i], ref left);
        }
        Compare(layers, builders[^1]);
        var maps = new SizeMap[files.Count];
        for (int i = 0; i < maps.Length; i++)
        {
            int part = scopes[i].Claim(0, files[i].Length, PartKind.Layer, ContentKind.Other, builders[i].Names.Intern(names[i]), unpackedSize: UnpackedSize(layers[i]));
            Map(scopes[i], layers[i], part);
            maps[i] = builders[i].Build();
        }
        return maps;
    }

    /// <summary>Maps a tar archive that is an image; false where it is none, and nothing is claimed then.</summary>
    internal static bool TryRead(in MapScope scope, TarDirectory directory)
    {
        if (ImageArchive.TryParse(scope.Bytes, directory) is not { Images.Count: > 0 } image) return false;
        foreach (string problem in image.Problems) scope.Warn(MapWarningCodes.Damaged, $"the container image is damaged: {problem}");

        // Where blobs start: the tar entry's file is then that part, not one by its path.
        var placed = new HashSet<long>();
        foreach (ImageBlob index in image.Indexes) Place(scope, placed, index, scope.Part, "image index");
        long left = LimitOf(scope.Bytes.Length);
        foreach (ImageDescription description in image.Images)
        {
            int parent = image.Images.Count == 1 ? scope.Part
                : scope.Map.AddPart(scope.Part, PartKind.Folder, ContentKind.Other, scope.Names.Intern(description.Name));
            var layers = new List<Layer>();
            int number = 0;
            foreach (ImageBlob blob in description.Layers)
            {
                string name = "layer " + (++number).ToString(CultureInfo.InvariantCulture);
                // Images share layers, and one can have the same (an empty one) twice: it is there once, where it is first.
                if (blob.Size <= 0 || !scope.Bytes.Contains(blob.Offset, blob.Size) || placed.Contains(blob.Offset)) continue;
                var layer = new Layer { Name = name, Blob = blob, Bytes = scope.Bytes.Slice(blob.Offset, blob.Size) };
                placed.Add(blob.Offset);
                Walk(scope, layer, ref left);
                layers.Add(layer);
            }
            Compare(CollectionsMarshal.AsSpan(layers), scope.Map);
            foreach (Layer layer in layers)
            {
                int part = scope.Claim(layer.Blob.Offset, layer.Blob.Size, PartKind.Layer, ContentKind.Other, scope.Names.Intern(layer.Name), parent, UnpackedSize(layer));
                Map(scope.Inner(layer.Blob.Offset, layer.Blob.Size, part), layer, part);
            }
            if (description.Config is { } config) Place(scope, placed, config, parent, "config");
            if (description.Manifest is { } manifest) Place(scope, placed, manifest, parent, "manifest");
        }
        // The rest is a tar archive like any other.
        TarReader.Claim(scope with { Unpack = null }, directory, scope.Part, placed: placed);
        TarReader.Tell(scope, directory, scope.Part, "the image archive");
        return true;
    }

    private static long LimitOf(long size) => Math.Min(LayerLimit, Math.Max(LayerFloor, Math.Min(size, LayerLimit) * LayerRatio));

    private static long UnpackedSize(Layer layer) =>
        layer.Compression == Compression.Gzip && layer.Directory is { LimitReached: false } d ? d.Length : -1;

    private static void Place(in MapScope scope, HashSet<long> placed, ImageBlob blob, int parent, string name)
    {
        if (blob.Offset < 0 || blob.Size <= 0 || placed.Contains(blob.Offset)) return;
        placed.Add(blob.Offset);
        scope.Claim(blob.Offset, blob.Size, PartKind.File, ContentKind.Metadata, name, parent);
    }

    /// <summary>Reads a layer's entries; warns where that cannot be done, and the layer is then measured as a whole.</summary>
    private static void Walk(in MapScope scope, Layer layer, ref long left)
    {
        ByteView bytes = layer.Bytes;
        layer.Compression = bytes.Matches(0, [0x1F, 0x8B]) ? Compression.Gzip
            : bytes.Matches(0, [0x28, 0xB5, 0x2F, 0xFD]) ? Compression.Zstandard
            : FileFormats.Detect(bytes) == FileFormat.Tar || bytes.IsFilledWith(0, Math.Min(bytes.Length, 512), 0) ? Compression.None
            : Compression.Unknown;
        if (layer.Compression is Compression.Zstandard or Compression.Unknown)
        {
            string what = layer.Compression == Compression.Zstandard ? "is compressed with Zstandard, which is not unpacked" : "is no tar archive";
            scope.Warn(MapWarningCodes.Unknown, $"{layer.Name} {what}; it is measured as a whole");
            return;
        }
        try
        {
            if (layer.Compression == Compression.None) layer.Directory = TarDirectory.Read(bytes.AsStream(), bytes.Length);
            else
            {
                using var gzip = new GZipStream(bytes.AsStream(), CompressionMode.Decompress);
                layer.Directory = TarDirectory.Read(gzip, left);
                left = Math.Max(0, left - layer.Directory.Length);
            }
        }
        catch (InvalidDataException e)
        {
            scope.Warn(MapWarningCodes.Damaged, $"{layer.Name} cannot be unpacked: {e.Message}; it is measured as a whole");
            return;
        }
        if (layer.Directory.Problem is { } problem)
        {
            scope.Warn(layer.Directory.LimitReached ? MapWarningCodes.Limit : MapWarningCodes.Damaged, $"{layer.Name}: {problem}");
        }
    }

    private static void Compare(ReadOnlySpan<Layer> layers, SizeMapBuilder map)
    {
        using var history = new LayerHistory();
        for (int i = layers.Length - 1; i >= 0; i--)
        {
            if (layers[i].Directory is { } directory) layers[i].Hidden = history.Add(directory);
        }
        if (history.LimitReached) map.Warn(MapWarningCodes.Limit, "the image has more paths than are followed; some files that a later layer hides are not told apart");
    }

    /// <summary>Lays a layer's files over the bytes of its part.</summary>
    private static void Map(in MapScope scope, Layer layer, int part)
    {
        if (layer.Directory is not { } directory) return;
        if (layer.Compression == Compression.None)
        {
            TarReader.Claim(scope, directory, part, layer.Hidden);
            return;
        }
        // Half a layer cannot be laid over the whole: nobody knows where in the compressed bytes it ends.
        if (directory.Problem is not null || directory.Length == 0) return;
        if (scope.Unpack is { } budget && directory.Length <= budget.LimitFor(scope.Bytes.Length))
        {
            budget.Spend(directory.Length);
            using var gzip = new GZipStream(scope.Bytes.AsStream(), CompressionMode.Decompress);
            FileView view = FileView.FromStream(gzip, directory.Length, Math.Max(directory.Length, 256), layer.Name);
            var builder = new SizeMapBuilder(view.Bytes, view.Length, layer.Name);
            builder.Keep(view);
            TarReader.Claim(new MapScope(builder, 0, 0, view.Bytes, scope.Depth, budget), directory, 0, layer.Hidden);
            using SizeMap whole = builder.Build();
            scope.Map.Nest(scope.Base, scope.Bytes.Length, part, whole);
            return;
        }
        using SizeMap inner = TarReader.MapAbsent(directory, layer.Name, layer.Hidden);
        scope.Map.Nest(scope.Base, scope.Bytes.Length, part, inner);
    }
}
